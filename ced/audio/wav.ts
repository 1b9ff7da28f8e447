/**
 * RIFF/WAVE (RF64 and BW64 too) in, samples out, as they arrive: integers of 1 to 32 bits, float,
 * A-law and µ-law. Tolerant where recorders are sloppy and the
 * meaning is still certain: chunks in any order, odd chunks with or without their padding byte, a
 * data length that an interrupted or streamed recording never filled in, one that the file's own
 * length contradicts, a last frame cut short. Anything else is refused rather than guessed at: a
 * file that ends before what both its lengths state was cut short on its way.
 * http://soundfile.sapp.org/doc/WaveFormat/, Microsoft's WAVEFORMATEXTENSIBLE, EBU Tech 3306 for
 * RF64 and ITU-R BS.2088 for BW64.
 */
import type { AudioBlock } from './audio-block';
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { A_LAW, MU_LAW } from './g711';
import { checkLength } from './mono16k';

const formatInteger = 0x0001;
const formatFloat = 0x0003;
const formatALaw = 0x0006;
const formatMuLaw = 0x0007;
const formatExtensible = 0xfffe;

/**
 * Lengths that stand for "not known" where a recording went down a pipe: 0x7fffffff, 0xffffffff,
 * and either less a header.
 */
const UNKNOWN_FROM = 0x7f000000;

/** Chunks before the samples hold titles and pictures; more than this is no header. */
const LONGEST_HEADER_BYTES = 2 ** 22;

/** With a padding byte before it. */
const CHUNK_HEADER_BYTES = 9;

interface WavFormat {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly blockBytes: number;
  /** Of one sample: 12 bits take two, at their upper end. */
  readonly sampleBytes: number;
}

interface WavData {
  readonly format: WavFormat;
  /** Of the first sample. */
  readonly start: number;
  /** Infinity where none are stated. */
  readonly statedBytes: number;
  /** The file's own length covers them. */
  readonly isCovered: boolean;
}

type ReadSample = (view: DataView, at: number) => number;

/** By format and the bytes that a sample takes. */
const sampleReaders: Readonly<Record<string, ReadSample>> = {
  // 8 bits alone are unsigned in this format.
  [`${formatInteger}/1`]: (view, at) => (view.getUint8(at) - 128) / 0x80,
  [`${formatInteger}/2`]: (view, at) => view.getInt16(at, true) / 0x8000,
  [`${formatInteger}/3`]: (view, at) =>
    (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / 0x800000,
  [`${formatInteger}/4`]: (view, at) => view.getInt32(at, true) / 0x80000000,
  [`${formatFloat}/4`]: (view, at) => view.getFloat32(at, true),
  [`${formatFloat}/8`]: (view, at) => view.getFloat64(at, true),
  [`${formatALaw}/1`]: (view, at) => A_LAW[view.getUint8(at)]! / 0x8000,
  [`${formatMuLaw}/1`]: (view, at) => MU_LAW[view.getUint8(at)]! / 0x8000,
};

export function isWav(bytes: Uint8Array): boolean {
  return ['RIFF', 'RF64', 'BW64'].includes(ascii(bytes, 0)) && ascii(bytes, 8) === 'WAVE';
}

/**
 * @param longestSeconds a file whose header says that it is longer is refused before its samples
 *   are read
 * @throws ClipUnreadable
 */
export async function* wavBlocks(
  parts: AsyncIterable<Uint8Array>,
  longestSeconds: number,
): AsyncGenerator<AudioBlock> {
  let pending: Uint8Array = new Uint8Array(0);
  let data: WavData | null = null;
  let left = Infinity;
  for await (const part of parts) {
    pending = joined(pending, part);
    if (data === null) {
      data = dataSoFar(pending);
      if (data === null) continue;
      const { format, start, statedBytes } = data;
      left = statedBytes;
      if (left !== Infinity)
        checkLength(left / format.blockBytes / format.sampleRate, longestSeconds);
      pending = pending.subarray(start);
    }
    const { format } = data;
    const whole = Math.min(pending.length, left);
    const usable = whole - (whole % format.blockBytes);
    left -= usable;
    if (usable > 0) yield blockOf(pending.subarray(0, usable), format);
    pending = pending.subarray(usable);
    // A last frame may be cut short. What follows the samples is told by a chunk's header.
    if (left < format.blockBytes && pending.length >= left + CHUNK_HEADER_BYTES) break;
  }
  if (data !== null && left < data.format.blockBytes) return refuseMore(pending.subarray(left));
  if (data === null) return void findWavData(pending);
  const missing = left - pending.length;
  if (data.isCovered && missing >= data.format.blockBytes)
    throw new ClipUnreadable(
      'damaged',
      `the WAV file breaks off: ${missing} bytes of its samples are missing`,
    );
}

/** Infinity for the 2^64 − 1 of a recorder that did not know. */
function longLength(view: DataView, at: number): number {
  const length = Number(view.getBigUint64(at, true));
  return length < 2 ** 53 ? length : Infinity;
}

/** @throws ClipUnreadable `damaged` when the bytes behind the samples start more of them */
function refuseMore(rest: Uint8Array): void {
  const more = ['data', 'RIFF', 'RF64', 'BW64'];
  // Behind an odd length, a padding byte.
  if (more.includes(ascii(rest, 0)) || more.includes(ascii(rest, 1)))
    throw new ClipUnreadable(
      'damaged',
      'the WAV file holds more samples behind those that its header states; split it',
    );
}

/** null when its samples may start in what has not arrived yet. */
function dataSoFar(bytes: Uint8Array): WavData | null {
  try {
    return findWavData(bytes);
  } catch (error) {
    if (
      error instanceof ClipUnreadable &&
      error.reason === 'damaged' &&
      bytes.length <= LONGEST_HEADER_BYTES
    )
      return null;
    throw error;
  }
}

/**
 * @param bytes as much of the file's beginning as holds the header
 * @throws ClipUnreadable `damaged` or `unsupportedCodec`
 */
function findWavData(bytes: Uint8Array): WavData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: WavFormat | undefined;
  let [fileBytes, dataBytes] = [8 + view.getUint32(4, true), NaN];
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = ascii(bytes, at);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (id === 'fmt ') format = readFormat(view, start, length);
    if (id === 'data') {
      if (!format)
        throw new ClipUnreadable('damaged', 'the samples of the WAV file come before their format');
      const isLong = length >= UNKNOWN_FROM && dataBytes > 0;
      const stated = isLong ? dataBytes : length;
      const isKnown = stated !== 0 && (isLong ? stated < Infinity : stated < UNKNOWN_FROM);
      return {
        format,
        start,
        statedBytes: isKnown ? stated : Infinity,
        isCovered: isKnown && fileBytes >= start + stated,
      };
    }
    if (id === 'ds64' && start + 16 <= bytes.length)
      [fileBytes, dataBytes] = [8 + longLength(view, start), longLength(view, start + 8)];
    at = nextChunk(bytes, start + length);
  }
  throw new ClipUnreadable(
    'damaged',
    format ? 'the WAV file has no data chunk' : 'the WAV file has no fmt chunk',
  );
}

function readFormat(view: DataView, start: number, length: number): WavFormat {
  if (length < 16 || start + length > view.byteLength)
    throw new ClipUnreadable('damaged', 'the fmt chunk of the WAV file is cut short');
  let tag = view.getUint16(start, true);
  // The subformat GUID starts with the plain format's tag.
  if (tag === formatExtensible && length >= 26) tag = view.getUint16(start + 24, true);
  const bits = view.getUint16(start + 14, true);
  const format: WavFormat = {
    tag,
    channels: view.getUint16(start + 2, true),
    sampleRate: view.getUint32(start + 4, true),
    blockBytes: view.getUint16(start + 12, true),
    sampleBytes: Math.ceil(bits / 8),
  };
  if (!sampleReaders[`${format.tag}/${format.sampleBytes}`]) {
    throw new ClipUnreadable(
      'unsupportedCodec',
      `WAV format 0x${tag.toString(16).padStart(4, '0')} with ${bits} bits`,
    );
  }
  if (
    format.channels === 0 ||
    format.sampleRate === 0 ||
    format.blockBytes !== format.channels * format.sampleBytes
  ) {
    throw new ClipUnreadable(
      'damaged',
      `${format.channels} channels of ${bits} bits at ${format.sampleRate} Hz in ` +
        `blocks of ${format.blockBytes} bytes`,
    );
  }
  return format;
}

/**
 * Chunks start at even offsets, but some writers forget the padding byte: where only the unpadded
 * place shows a chunk id, it is one.
 */
function nextChunk(bytes: Uint8Array, end: number): number {
  if (end % 2 === 0) return end;
  const looksLikeId = (at: number) => /^[A-Za-z0-9_ ]{4}$/.test(ascii(bytes, at));
  return looksLikeId(end) && !looksLikeId(end + 1) ? end : end + 1;
}

/** @param bytes whole frames */
function blockOf(bytes: Uint8Array, format: WavFormat): AudioBlock {
  const { tag, sampleBytes, channels, sampleRate } = format;
  if (tag !== formatInteger || sampleBytes !== 2)
    return { sampleRate, channels: samplesOf(bytes, format) };
  const pcm = int16Of(bytes);
  if (channels > 1)
    return {
      sampleRate,
      channels: Array.from({ length: channels }, (_, channel) => everyOf(pcm, channel, channels)),
    };
  return {
    sampleRate,
    mono: pcm,
    channelCount: 1,
    sampleCount: pcm.length,
    get channels() {
      return [everyOf(pcm, 0, 1)];
    },
  };
}

function samplesOf(
  bytes: Uint8Array,
  { tag, sampleBytes, channels, blockBytes }: WavFormat,
): Float32Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = sampleReaders[`${tag}/${sampleBytes}`]!;
  return Array.from({ length: channels }, (_, channel) => {
    const values = new Float32Array(bytes.length / blockBytes);
    for (
      let sample = 0, at = channel * sampleBytes;
      sample < values.length;
      sample++, at += blockBytes
    )
      values[sample] = read(view, at);
    return values;
  });
}

/**
 * Most files are of this kind, and every machine that this runs on keeps its bytes in their order.
 */
function int16Of(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
}

function everyOf(pcm: Int16Array, first: number, step: number): Float32Array {
  const values = new Float32Array(pcm.length / step);
  for (let sample = 0, at = first; sample < values.length; sample++, at += step)
    values[sample] = pcm[at]! / 0x8000;
  return values;
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
