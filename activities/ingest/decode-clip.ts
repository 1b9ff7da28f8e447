/**
 * Bytes of a clip to the samples that are stored, by our own decoders first: they give the same
 * samples on every machine.
 */
import type { AudioBlock } from '../../ced/audio/audio-block';
import type { ByteParts } from '../../ced/audio/byte-parts';
import {
  channelCount,
  ChannelLevels,
  mayHaveCancelled,
  type ChannelChoice,
} from '../../ced/audio/channels';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import { toMono, type MonoOptions, type MonoSamples } from '../../ced/audio/to-mono';
import { decodeWithFfmpeg, type FfmpegLimits } from './ffmpeg';

export interface ClipLimits extends FfmpegLimits {
  /** A longer clip is refused: by its header, or once that much was decoded. @default Infinity */
  longestSeconds?: number;
  /** What is made of several channels. @default 'mix' */
  channels?: ChannelChoice;
  /**
   * The bytes come while they are recorded: blocks come as early as they can, from our own decoders
   * alone. @default false
   */
  isLive?: boolean;
}

/** @returns int16 [samples] at 16 kHz. @throws as `decodeClipAtRates` */
export async function decodeClip(
  open: () => ByteParts,
  name: string,
  limits: ClipLimits = {},
): Promise<Int16Array> {
  return (await decodeClipAtRates(open, name, limits, {})).pcm;
}

/**
 * @param open the clip's bytes, from the beginning; called again where ffmpeg has to have a look,
 *   or the channels
 * @param wanted further rates, and where the samples will lie
 * @throws {ClipUnreadable}, and whatever reading throws
 */
export async function decodeClipAtRates(
  open: () => ByteParts,
  name: string,
  limits: ClipLimits,
  wanted: Pick<MonoOptions, 'memory' | 'further'>,
): Promise<MonoSamples> {
  const { longestSeconds = Infinity, channels = 'mix' } = limits;
  const levels = async (): Promise<ChannelLevels> => await readBlocks(open, name, limits, levelsOf);
  let isMixed = false;
  async function* watched(blocks: AsyncIterable<AudioBlock>): AsyncGenerator<AudioBlock> {
    for await (const block of blocks) {
      isMixed ||= channelCount(block) > 1;
      yield block;
    }
  }
  const channel = channels === 'mix' ? null : channels === 'first' ? 0 : (await levels()).loudest;
  const samples = await readBlocks(open, name, limits, (blocks) =>
    toMono(watched(blocks), { longestSeconds, channel, ...wanted }),
  );
  // Few clips are so quiet that they have to be decoded once more.
  if (channel === null && isMixed && mayHaveCancelled(samples.pcm)) refuseCancelled(await levels());
  return samples;
}

/**
 * Gives the decoded blocks to `use`; once more, from the first, if it takes ffmpeg to decode them
 * or if ffmpeg complains.
 * @throws as `decodeClipAtRates`
 */
export async function readBlocks<T extends object>(
  open: () => ByteParts,
  name: string,
  limits: ClipLimits,
  use: (blocks: AsyncIterable<AudioBlock>) => Promise<T>,
): Promise<T> {
  const { longestSeconds = Infinity, isLive = false } = limits;
  try {
    return await use(await decodeAudio(open(), name, longestSeconds, isLive));
  } catch (error) {
    if (
      isLive ||
      !(error instanceof ClipUnreadable) ||
      (error.reason !== 'unknownFormat' && error.reason !== 'unsupportedCodec')
    )
      throw error;
    const own = error.message.replace(/^\w+: /, '');
    const decoded = await decodeWithFfmpeg(open(), longestSeconds, limits, use).catch(
      (refusal: unknown) => {
        // Version 5 does so with FLAC of 32 bits, and calls it a success.
        if (!(refusal instanceof ClipUnreadable) || refusal.reason !== 'empty') throw refusal;
        const detail = `${own}; ffmpeg finds no samples in it: convert it, or use a later version`;
        throw new ClipUnreadable(error.reason, detail, { cause: refusal });
      },
    );
    if (decoded !== null) return decoded;
    throw new ClipUnreadable(
      error.reason,
      `${own}; with ffmpeg on the worker's PATH more formats are read`,
    );
  }
}

async function levelsOf(blocks: AsyncIterable<AudioBlock>): Promise<ChannelLevels> {
  const levels = new ChannelLevels();
  for await (const block of blocks) levels.add(block);
  return levels;
}

/** @throws {ClipUnreadable} `channelsCancel` */
export function refuseCancelled(levels: ChannelLevels): void {
  if (levels.cancel)
    throw new ClipUnreadable(
      'channelsCancel',
      `its ${levels.count} channels cancel: choose corpus.channels (--channels) first or loudest`,
    );
}
