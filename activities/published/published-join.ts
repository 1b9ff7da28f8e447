/**
 * Which published row belongs to which chunk of the corpus. The published files name a clip by its
 * file's name alone, so that two clips of one name cannot be told apart: that is refused, never
 * guessed. A chunk is covered if every pass has it, at exactly its own length.
 */
import { basename } from 'node:path';
import { PermanentError } from '../../workflows/contract/failures';
import type { PublishedSpans } from '../../ced/logits/published/published-file';

export interface JoinClip {
  clip: string;
  /** Path or URI of the audio, as the corpus table gave it. */
  audio: string;
  chunks: readonly { start: number; length: number }[];
}

export interface PublishedRowAt {
  part: number;
  row: number;
}

/**
 * An audio file's name without folder and ending: the same clip may be stored as WAV there and as
 * FLAC here.
 */
export function publishedClipName(audio: string): string {
  return basename(audio).replace(/\.(wav|flac|mp3|ogg|opus|m4a|aac)$/i, '');
}

export class PublishedJoin {
  private readonly clipsOfName = new Map<string, number[]>();
  private readonly firstChunk: number[] = [];
  private readonly part: Int32Array;
  private readonly row: Int32Array;
  private otherLengths = 0;
  private foreign = 0;

  constructor(
    private readonly clips: readonly JoinClip[],
    private readonly views: number,
  ) {
    let chunks = 0;
    clips.forEach(({ audio, chunks: own }, index) => {
      const name = publishedClipName(audio);
      const same = this.clipsOfName.get(name);
      if (same) same.push(index);
      else this.clipsOfName.set(name, [index]);
      this.firstChunk.push(chunks);
      chunks += own.length;
    });
    this.part = new Int32Array(chunks * views).fill(-1);
    this.row = new Int32Array(chunks * views);
  }

  /**
   * @throws {PermanentError} LogitsMismatch when a row could belong to two clips, or two rows to
   *   one chunk of a view
   */
  add(
    part: number,
    view: number,
    where: string,
    { filenames, starts, ends }: PublishedSpans,
  ): void {
    filenames.forEach((filename, row) => {
      const [index, other] = this.clipsOfName.get(publishedClipName(filename)) ?? [];
      const clip = index === undefined ? undefined : this.clips[index];
      if (index === undefined || clip === undefined) return void this.foreign++;
      if (other !== undefined)
        throw new PermanentError(
          'LogitsMismatch',
          `${where}: ${filename} could be clip ${clip.clip} or clip ` +
            `${this.clips[other]?.clip}, give their files different names`,
        );
      const chunk = clip.chunks.findIndex(({ start }) => start === starts[row]);
      if (chunk < 0 || clip.chunks[chunk]?.length !== ends[row]! - starts[row]!)
        return void this.otherLengths++;
      const at = (this.firstChunk[index]! + chunk) * this.views + view;
      if (this.part[at]! >= 0)
        throw new PermanentError(
          'LogitsMismatch',
          `${where}: row ${row} repeats ${filename} from sample ${starts[row]}, one pass ` +
            'names each part of a clip once',
        );
      this.part[at] = part;
      this.row[at] = row;
    });
  }

  /** Where each view of a chunk stands; null when any is missing. */
  rowsOf(clip: number, chunk: number): PublishedRowAt[] | null {
    const base = (this.firstChunk[clip]! + chunk) * this.views;
    const rows = Array.from({ length: this.views }, (_, view) => ({
      part: this.part[base + view]!,
      row: this.row[base + view]!,
    }));
    return rows.every(({ part }) => part >= 0) ? rows : null;
  }

  /**
   * Published rows that are used by no chunk: of clips that the corpus lacks, and of clips that
   * have another length here.
   */
  get unused(): { foreign: number; otherLength: number } {
    return { foreign: this.foreign, otherLength: this.otherLengths };
  }
}
