/**
 * AudioSet's segments beside audio that is not cut yet. A file whose header states that it is
 * clearly longer than its segment is the whole video, and the clip is the segment of it.
 */
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../../ced/audio/decode';
import type { Segment } from '../../../ced/corpus/table-row';
import { mapOrdered } from '../../../storage/map-ordered';
import { openSource } from '../../../storage/sources/open-source';
import { readSource, SourceUnreadable, type SourceOptions } from '../../../storage/sources/source';

/** Cutters keep a little more than the segment: packets, frames of the video. */
const SLACK_SECONDS = 1.5;
/** Tables round the end of a recording up. */
const ROUNDED_SECONDS = 0.01;
/** A header without a picture is far shorter. */
const HEADER_BYTES = 2 ** 14;
const FILES_AT_ONCE = 16;

interface VideoClip {
  clip: string;
  /** Absolute path or URI. */
  audio: string;
  /** Its part of the video; absent = of no video. */
  videoSegment?: Segment | undefined;
}

/**
 * @param table its name, for notes
 * @param notes receives how many clips are cut, and how many files are longer and cannot be
 * @returns the segment to cut, by clip id
 */
export async function uncutVideos(
  clips: readonly VideoClip[],
  table: string,
  sources: SourceOptions,
  notes: string[],
): Promise<Map<string, Segment>> {
  const cut = new Map<string, Segment>();
  const tooShort: string[] = [];
  let unstated = 0;
  const videos = clips.filter(({ videoSegment }) => videoSegment !== undefined);
  const looking = mapOrdered(videos, FILES_AT_ONCE, async ({ clip, audio, videoSegment }) => ({
    clip,
    segment: videoSegment!,
    extent: await extentOf(audio, videoSegment!, sources),
  }));
  for await (const { clip, segment, extent } of looking) {
    if (extent === 'video') cut.set(clip, segment);
    if (extent === 'other') tooShort.push(clip);
    if (extent === 'unstated') unstated++;
  }
  if (cut.size > 0)
    notes.push(
      `${table}: ${cut.size} clips are cut out of files that are longer than their segments, ` +
        'from start to end',
    );
  if (tooShort.length > 0)
    notes.push(
      `${table}: ${tooShort.length} files are longer than their segments, end before them, and ` +
        `are taken whole, for example ${tooShort[0]}: cut them to their segments`,
    );
  if (unstated > 0)
    notes.push(
      `${table}: the headers of ${unstated} files state no length; they are taken whole, as cut ` +
        'to their segments already',
    );
  return cut;
}

/** What a file holds of a video. */
type Extent = 'segment' | 'video' | 'other' | 'unstated';

async function extentOf(
  audio: string,
  { start, end }: Segment,
  sources: SourceOptions,
): Promise<Extent> {
  const header = await beginningOf(audio, sources);
  const isOver = (seconds: number): Promise<boolean> => statesMore(header, audio, seconds);
  if (!(await isOver(0))) return 'unstated';
  if (!(await isOver(end - start + SLACK_SECONDS))) return 'segment';
  return (await isOver(end - ROUNDED_SECONDS)) ? 'video' : 'other';
}

async function beginningOf(audio: string, sources: SourceOptions): Promise<Uint8Array> {
  const source = openSource(audio, sources);
  try {
    const { bytes } = (await source.describe()) ?? { bytes: 0 };
    const most = Math.min(HEADER_BYTES, bytes ?? HEADER_BYTES);
    return await readSource(source, most, { offset: 0, bytes: most });
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
