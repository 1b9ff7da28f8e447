/**
 * FLAC through libFLAC in WebAssembly. The stream's own header carries the number of samples and the MD5 of the unencoded audio, and both
 * are checked: a clip cut short in transit is refused instead of heard. RFC 9639, section 8.2.
 */
import { createHash } from 'node:crypto';
import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { quietly } from './quiet-console';

interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  /** 0 = not stated. */
  readonly samples: number;
  /** Hex; all zeros = not stated. */
  readonly md5: string;
}

const streamInfoBytes = 34;

export function isFlac(bytes: Uint8Array): boolean {
  return bytes[0] === 0x66 && bytes[1] === 0x4c && bytes[2] === 0x61 && bytes[3] === 0x43;
}

/** @throws ClipUnreadable `damaged` */
export async function decodeFlac(bytes: Uint8Array): Promise<DecodedAudio> {
  const info = readStreamInfo(bytes);
  const channels = (await decodeFrames(bytes)).map((channel) => atFullScale(channel, info.bits));
  const samples = channels[0]?.length ?? 0;
  if (channels.length !== info.channels || (info.samples !== 0 && samples !== info.samples)) {
    throw new ClipUnreadable('damaged', `the FLAC stream holds ${samples} samples of ${info.samples}`);
  }
  if (!/^0+$/.test(info.md5) && info.bits <= 24 && md5OfSamples(channels, info.bits) !== info.md5) {
    throw new ClipUnreadable('damaged', 'the FLAC stream does not decode to what was encoded');
  }
  return { sampleRate: info.sampleRate, channels };
}

/** @throws ClipUnreadable `damaged` */
export function readStreamInfo(bytes: Uint8Array): StreamInfo {
  // The first metadata block is always this one, at byte 8 after "fLaC" and its own header.
  if (bytes.length < 8 + streamInfoBytes || (bytes[4]! & 0x7f) !== 0)
    throw new ClipUnreadable('damaged', 'the FLAC stream has no STREAMINFO');
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, streamInfoBytes);
  const packed = view.getUint32(10);
  const info: StreamInfo = {
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 0x7) + 1,
    bits: ((packed >>> 4) & 0x1f) + 1,
    samples: (packed & 0xf) * 0x100000000 + view.getUint32(14),
    md5: Buffer.from(bytes.subarray(8 + 18, 8 + streamInfoBytes)).toString('hex'),
  };
  if (info.sampleRate === 0) throw new ClipUnreadable('damaged', 'the FLAC stream states no sampling rate');
  return info;
}

async function decodeFrames(bytes: Uint8Array): Promise<Float32Array[]> {
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const { channelData, errors } = await quietly(() => decoder.decodeFile(bytes));
    if (errors.length > 0) throw new ClipUnreadable('damaged', `the FLAC stream breaks off: ${errors[0]!.message}`);
    return channelData;
  } catch (error) {
    if (error instanceof ClipUnreadable) throw error;
    throw new ClipUnreadable('damaged', 'the FLAC stream cannot be decoded', { cause: error });
  } finally {
    decoder.free();
  }
}

/** The decoder divides by 2^(bits − 1) − 1, which gives −1 a neighbour below it; all our decoders divide by 2^(bits − 1). */
function atFullScale(channel: Float32Array, bits: number): Float32Array {
  const scale = 2 ** (bits - 1);
  return channel.map((sample) => Math.round(sample * (scale - 1)) / scale);
}

/** The MD5 is over interleaved little-endian integers of whole bytes; null where a broken stream decodes to more than its bits hold. */
function md5OfSamples(channels: readonly Float32Array[], bits: number): string | null {
  const sampleBytes = Math.ceil(bits / 8);
  const scale = 2 ** (bits - 1);
  const samples = channels[0]?.length ?? 0;
  const stride = channels.length * sampleBytes;
  const interleaved = new Uint8Array(samples * stride);
  for (const [index, channel] of channels.entries()) {
    for (let sample = 0, at = index * sampleBytes; sample < samples; sample++, at += stride) {
      const value = Math.round(channel[sample]! * scale);
      if (value < -scale || value >= scale) return null;
      for (let byte = 0; byte < sampleBytes; byte++) interleaved[at + byte] = value >> (8 * byte);
    }
  }
  return createHash('md5').update(interleaved).digest('hex');
}
