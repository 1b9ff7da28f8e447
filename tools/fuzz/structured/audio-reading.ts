/** What the pipeline makes of an audio file, and what it must make of samples that are known. */
import { decodeClip } from '../../../activities/ingest/decode-clip';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { toMono16k } from '../../../ced/audio/to-mono';
import { digestOf } from './forgery';

const PIECE_BYTES = 777;

/**
 * Decodes whole and in pieces, at once.
 * @returns the digest of int16 [samples] at 16 kHz
 * @throws {ClipUnreadable}, and Error when the two decodings differ
 */
export async function readAudio(bytes: Buffer, name: string): Promise<string> {
  // Without ffmpeg: only the decoders inside a worker are tested; ffmpeg has limits of its own.
  const decode = async (parts: readonly Buffer[]): Promise<string> =>
    digestOf(await decodeClip(() => parts, name, { program: 'no-ffmpeg-here' }));
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, piece) =>
    bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES),
  );
  const [whole, inPieces] = await Promise.allSettled([decode([bytes]), decode(pieces)]);
  if (outcomeOf(whole) !== outcomeOf(inPieces))
    throw new Error(`whole it is ${outcomeOf(whole)}, in pieces ${outcomeOf(inPieces)}`);
  if (whole.status === 'rejected') throw whole.reason;
  return whole.value;
}

function outcomeOf(decoding: PromiseSettledResult<string>): string {
  if (decoding.status === 'fulfilled') return decoding.value;
  const { reason } = decoding as { reason: unknown };
  return reason instanceof ClipUnreadable ? reason.reason : String(reason);
}

export interface Samples {
  sampleRate: number;
  channels: readonly Float32Array[];
}

/** The digest that decoding to these samples has; null for samples that are always refused. */
export async function digestOfSamples({ sampleRate, channels }: Samples): Promise<string | null> {
  try {
    return digestOf(await toMono16k(only({ sampleRate, channels })));
  } catch (error) {
    if (error instanceof ClipUnreadable) return null;
    throw error;
  }
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield await Promise.resolve(item);
}

/** 0.1 s and a bit of a deterministic noise in (−1, 1) around a tone. */
export function noise(samples: number, channel = 0): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, at) =>
      0.6 * Math.sin((0.05 + 0.02 * channel) * at) +
      (0.3 * (Math.imul(at + 1 + 7919 * channel, 2654435761) >> 16)) / 0x8000,
  );
}
