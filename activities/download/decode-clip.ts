/** Bytes of a clip to the samples that are stored, by our own decoders first: they give the same samples on every machine. */
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import type { DecodedAudio } from '../../ced/audio/decoded-audio';
import { toMono16k } from '../../ced/audio/mono16k';
import { decodeWithFfmpeg, type FfmpegLimits } from './ffmpeg';

/** @returns int16 [samples] at 16 kHz. @throws {ClipUnreadable} */
export async function decodeClip(bytes: Uint8Array, name: string, limits: FfmpegLimits = {}): Promise<Int16Array> {
  return toMono16k(await decode(bytes, name, limits));
}

async function decode(bytes: Uint8Array, name: string, limits: FfmpegLimits): Promise<DecodedAudio> {
  try {
    return await decodeAudio(bytes, name);
  } catch (error) {
    if (!(error instanceof ClipUnreadable) || (error.reason !== 'unknownFormat' && error.reason !== 'unsupportedCodec')) throw error;
    const decoded = await decodeWithFfmpeg(bytes, limits);
    if (decoded !== null) return decoded;
    throw new ClipUnreadable(
      error.reason,
      `${error.message.replace(/^\w+: /, '')}; with ffmpeg on the worker's PATH more formats are read`,
    );
  }
}
