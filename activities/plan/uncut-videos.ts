/**
 * AudioSet's segments beside audio that is not cut yet. A file whose header states that it is
 * clearly longer than its segment is the whole video, and the clip is the segment of it.
 */
import { counted } from '../../ced/counted';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import type { Segment } from '../../ced/corpus/table-row';
import { openSource } from '../../storage/sources/open-source';
import {
  readSource,
  SourceUnreadable,
  type SourceOptions,
  type SourceVersion,
} from '../../storage/sources/source';

/** Cutters keep a little more than the segment: packets, frames of the video. */
const SLACK_SECONDS = 1.5;
/** Tables round the end of a recording up. */
const ROUNDED_SECONDS = 0.01;
/** A header without a picture is far shorter. */
const HEADER_BYTES = 2 ** 14;

/** As planning found it. */
type AudioFile = Pick<SourceVersion, 'bytes'> & { path: string };

export class UncutVideos {
  private cut = 0;
  private unstated = 0;
  private readonly tooShort: string[] = [];

  constructor(private readonly sources: SourceOptions) {}

  /** @returns the segment to cut; null where the file is the segment already */
  async segmentOf(clip: string, audio: AudioFile, video: Segment): Promise<Segment | null> {
    const extent = await extentOf(audio, video, this.sources);
    if (extent === 'other') this.tooShort.push(clip);
    if (extent === 'unstated') this.unstated++;
    if (extent !== 'video') return null;
    this.cut++;
    return video;
  }

  /** How many clips are cut, and how many files are longer and cannot be; a sentence each. */
  notes(): string[] {
    const { cut, unstated, tooShort } = this;
    const [first] = tooShort.sort();
    return [
      ...(cut === 0
        ? []
        : [
            counted(
              cut,
              'clip is cut out of a file that is',
              'clips are cut out of files that are',
            ) +
              ' ' +
              'longer than the segment, from start to end',
          ]),
      ...(first === undefined
        ? []
        : [
            `${counted(tooShort.length, 'file is', 'files are')} longer than the segment, but ` +
              `${tooShort.length === 1 ? 'ends before it, and is' : 'end before it, and are'} ` +
              `taken whole, for example ${first}: cut out the segments`,
          ]),
      ...(unstated === 0
        ? []
        : [
            'the headers of ' +
              counted(unstated, 'file', 'files') +
              ' state no length; such files are ' +
              'taken whole, as cut already',
          ]),
    ];
  }
}

/** What a file holds of a video. */
type Extent = 'segment' | 'video' | 'other' | 'unstated';

async function extentOf(
  audio: AudioFile,
  { start, end }: Segment,
  sources: SourceOptions,
): Promise<Extent> {
  const header = await beginningOf(audio, sources);
  const isOver = (seconds: number): Promise<boolean> => statesMore(header, audio.path, seconds);
  if (!(await isOver(0))) return 'unstated';
  if (!(await isOver(end - start + SLACK_SECONDS))) return 'segment';
  return (await isOver(end - ROUNDED_SECONDS)) ? 'video' : 'other';
}

async function beginningOf(
  { path, bytes }: AudioFile,
  sources: SourceOptions,
): Promise<Uint8Array> {
  const most = Math.min(HEADER_BYTES, bytes ?? HEADER_BYTES);
  try {
    return await readSource(openSource(path, sources), most, { offset: 0, bytes: most });
  } catch (error) {
    // It is told where clips are decoded.
    if (error instanceof SourceUnreadable) return new Uint8Array(0);
    throw error;
  }
}

/** Whether a file's header states that it lasts longer. */
async function statesMore(header: Uint8Array, name: string, seconds: number): Promise<boolean> {
  try {
    for await (const block of await decodeAudio([header], name, seconds)) {
      void block;
      break;
    }
    return false;
  } catch (error) {
    if (error instanceof ClipUnreadable) return error.reason === 'tooLong';
    throw error;
  }
}
