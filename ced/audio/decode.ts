/**
 * Bytes of an audio file in, blocks of samples out, while the file arrives. The format is told by
 * the first bytes, never by the name: names lie. WAV, FLAC, Ogg Vorbis, Opus and MP3 are decoded
 * here, on every platform to the same samples, however the bytes are cut into parts.
 */
import type { AudioBlock } from './audio-block';
import { foreignContent } from '../corpus/foreign-content';
import { audioFormatOf } from './audio-formats';
import { ByteBudget } from './byte-budget';
import { following, gathered, type ByteParts } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { flacBlocks, isFlac } from './flac';
import { withoutId3 } from './id3';
import { mpegBlocks } from './mp3';
import { isMpegAudio } from './mpeg-frames';
import { isOgg, oggBlocks } from './ogg';
import { isWav, wavBlocks } from './wav';

/** Enough for a decoder to be worth its call, little enough to hold. */
const PART_BYTES = 2 ** 18;
/** Of a live stream: enough to tell its format. */
const LIVE_PART_BYTES = 16;

/**
 * @param nameHint only for the message of an error
 * @param longestSeconds a clip whose header says that it is longer is refused before it is decoded
 * @param isLive decodes each part at once instead of gathering larger ones
 * @throws ClipUnreadable, as do the blocks while they come
 */
export async function decodeAudio(
  parts: ByteParts,
  nameHint: string,
  longestSeconds = Infinity,
  isLive = false,
): Promise<AsyncIterable<AudioBlock>> {
  const content = gathered(withoutId3(parts), isLive ? LIVE_PART_BYTES : PART_BYTES);
  const first = await content.next();
  if (first.done) throw new ClipUnreadable('empty', `${nameHint} has no bytes`);
  const start = first.value;
  const budget = new ByteBudget();
  const blocks = blocksOf(budget.spentOn(following(first, content)), start, longestSeconds);
  if (blocks) return budget.earnedBy(blocks);
  await content.return(undefined);
  const foreign = foreignContent(start);
  if (foreign)
    throw new ClipUnreadable('notAudio', `${nameHint} is ${foreign.what}; ${foreign.remedy}`);
  const hex = Buffer.from(start.subarray(0, 4)).toString('hex');
  const format = audioFormatOf(start);
  throw new ClipUnreadable(
    'unknownFormat',
    `${nameHint} starts with ${hex}${format ? `, it is ${format}` : ''}: no WAV, FLAC, Ogg or MP3`,
  );
}

/** @returns null where the first bytes are of none of these formats */
function blocksOf(
  parts: AsyncIterable<Uint8Array>,
  start: Uint8Array,
  longestSeconds: number,
): AsyncIterable<AudioBlock> | null {
  if (isWav(start)) return wavBlocks(parts, longestSeconds);
  if (isFlac(start)) return flacBlocks(parts, longestSeconds);
  if (isOgg(start)) return oggBlocks(parts, longestSeconds);
  return isMpegAudio(start) ? mpegBlocks(parts, start) : null;
}
