/**
 * One of the WebAssembly decoders of others, which share a shape, over a stream; whatever they
 * complain about makes the clip unreadable.
 */
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import { withMutedLogs } from './mute-decoder-logs';

interface WasmDecoder {
  ready: Promise<void>;
  free: () => unknown;
}

interface WasmDecoded {
  channelData: Float32Array[];
  samplesDecoded: number;
  sampleRate: number;
  errors: { message: string }[];
}

/**
 * @param kind for messages: `the MP3 stream`
 * @param pieces small ones: all that comes of one is held at once
 * @param flush what is left when all have come
 * @throws ClipUnreadable `damaged`
 */
export async function* blocksOf<D extends WasmDecoder, P>(
  kind: string,
  decoder: D,
  pieces: AsyncIterable<P>,
  decode: (decoder: D, piece: P) => WasmDecoded | Promise<WasmDecoded>,
  flush?: (decoder: D) => Promise<WasmDecoded>,
): AsyncGenerator<AudioBlock> {
  const checked = async (
    work: () => WasmDecoded | Promise<WasmDecoded>,
  ): Promise<AudioBlock | null> => {
    const {
      channelData: channels,
      samplesDecoded,
      sampleRate,
      errors,
    } = await typed(kind, () => withMutedLogs(async () => await work()));
    if (errors[0]) throw new ClipUnreadable('damaged', `${kind} breaks off: ${errors[0].message}`);
    if (samplesDecoded === 0 || channels.length === 0 || sampleRate === 0) return null;
    return { sampleRate, channels };
  };
  try {
    await decoder.ready;
    for await (const piece of pieces) {
      const block = await checked(() => decode(decoder, piece));
      if (block) yield block;
    }
    const last = flush && (await checked(() => flush(decoder)));
    if (last) yield last;
  } finally {
    decoder.free();
  }
}

/** The same blocks. @throws ClipUnreadable `damaged` when there is none */
export async function* someOf(
  kind: string,
  blocks: AsyncIterable<AudioBlock>,
): AsyncGenerator<AudioBlock> {
  let isSilent = true;
  for await (const block of blocks) {
    isSilent = false;
    yield block;
  }
  if (isSilent) throw new ClipUnreadable('damaged', `${kind} holds no audio`);
}

async function typed<T>(kind: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ClipUnreadable('damaged', `${kind} cannot be decoded`, { cause: error });
  }
}
