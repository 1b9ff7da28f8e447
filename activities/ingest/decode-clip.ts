/**
 * Bytes of a clip to the samples that are stored, by our own decoders first: they give the same
 * samples on every machine.
 */
import type { ByteParts } from '../../ced/audio/byte-parts';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import { toMono16k } from '../../ced/audio/mono16k';
import type { SampleMemory } from '../../ced/audio/sample-memory';
import { decodeWithFfmpeg, type FfmpegLimits } from './ffmpeg';

export interface ClipLimits extends FfmpegLimits {
  /** A longer clip is refused: by its header, or once that much was decoded. @default Infinity */
  longestSeconds?: number;
  /** Where its samples will lie, until it is used for another clip. @default memory of its own */
  memory?: SampleMemory;
}

/**
 * @param open the clip's bytes, from the beginning; called again where ffmpeg has to have a look
 * @returns int16 [samples] at 16 kHz
 * @throws {ClipUnreadable}, and whatever reading throws
 */
export async function decodeClip(
  open: () => ByteParts,
  name: string,
  limits: ClipLimits = {},
): Promise<Int16Array> {
  const { longestSeconds = Infinity, memory } = limits;
  try {
    return await toMono16k(await decodeAudio(open(), name, longestSeconds), longestSeconds, memory);
  } catch (error) {
    if (
      !(error instanceof ClipUnreadable) ||
      (error.reason !== 'unknownFormat' && error.reason !== 'unsupportedCodec')
    )
      throw error;
    const decoded = await decodeWithFfmpeg(open(), longestSeconds, limits);
    if (decoded !== null) return decoded;
    throw new ClipUnreadable(
      error.reason,
      `${error.message.replace(/^\w+: /, '')}; with ffmpeg on the worker's PATH more formats ` +
        'are read',
    );
  }
}
