/** One whole file through one of the WebAssembly decoders, which share a shape; whatever they complain about makes the clip unreadable. */
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { quietly } from './quiet-console';

interface WasmDecoder {
  ready: Promise<void>;
  free: () => unknown;
}

interface WasmDecoded {
  channelData: Float32Array[];
  sampleRate: number;
  errors: { message: string }[];
}

/**
 * @param kind for messages: `the MP3 stream`
 * @throws ClipUnreadable `damaged`
 */
export async function decodeWith<D extends WasmDecoder>(
  kind: string,
  decoder: D,
  decode: (decoder: D) => WasmDecoded | Promise<WasmDecoded>,
): Promise<DecodedAudio> {
  try {
    await decoder.ready;
    const { channelData, sampleRate, errors } = await quietly(async () => await decode(decoder));
    if (errors[0]) throw new ClipUnreadable('damaged', `${kind} breaks off: ${errors[0].message}`);
    if (channelData.length === 0 || sampleRate === 0) throw new ClipUnreadable('damaged', `${kind} holds no audio`);
    return { sampleRate, channels: channelData };
  } catch (error) {
    if (error instanceof ClipUnreadable) throw error;
    throw new ClipUnreadable('damaged', `${kind} cannot be decoded`, { cause: error });
  } finally {
    decoder.free();
  }
}
