/**
 * RIFF/WAVE (and RF64) in, samples out, as they arrive. Tolerant where recorders are sloppy and the
 * meaning is still certain: chunks in any order, odd chunks with or without their padding byte, a
 * data length that an interrupted or streamed recording never filled in, one that the file's own
 * length contradicts, a last frame cut short. Anything else is refused rather than guessed at: a
 * file that ends before what both its lengths state was cut short on its way.
 * http://soundfile.sapp.org/doc/WaveFormat/, Microsoft's WAVEFORMATEXTENSIBLE, and EBU Tech 3306
 * for RF64.
 */
import type { AudioBlock } from './audio-block';
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { checkLength } from './mono16k';

const formatInteger = 0x0001;
const formatFloat = 0x0003;
const formatExtensible = 0xfffe;

/**
 * Lengths that stand for "not known" where a recording went down a pipe: 0x7fffffff, 0xffffffff,
 * and either less a header.
 */
const UNKNOWN_FROM = 0x7f000000;

/** Chunks before the samples hold titles and pictures; more than this is no header. */
const LONGEST_HEADER_BYTES = 2 ** 22;

interface WavFormat {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly blockBytes: number;
  readonly bits: number;
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

const sampleReaders: Readonly<Record<string, ReadSample>> = {
  // 8 bits alone are unsigned in this format.
  [`${formatInteger}/8`]: (view, at) => (view.getUint8(at) - 128) / 0x80,
  [`${formatInteger}/16`]: (view, at) => view.getInt16(at, true) / 0x8000,
  [`${formatInteger}/24`]: (view, at) =>
    (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / 0x800000,
  [`${formatInteger}/32`]: (view, at) => view.getInt32(at, true) / 0x80000000,
  [`${formatFloat}/32`]: (view, at) => view.getFloat32(at, true),
  [`${formatFloat}/64`]: (view, at) => view.getFloat64(at, true),
};

export function isWav(bytes: Uint8Array): boolean {
  return (ascii(bytes, 0) === 'RIFF' || ascii(bytes, 0) === 'RF64') && ascii(bytes, 8) === 'WAVE';
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
    // What follows the samples is nobody's frame, and a last frame may be cut short.
    if (left < format.blockBytes) return;
    pending = pending.subarray(usable);
  }
  if (data === null) return void findWavData(pending);
  const missing = left - pending.length;
  if (data.isCovered && missing >= data.format.blockBytes)
    throw new ClipUnreadable(
      'damaged',
      `the WAV file breaks off: ${missing} bytes of its samples are missing`,
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
      const stated = Number.isNaN(dataBytes) ? length : dataBytes;
      const isKnown = stated !== 0 && (stated < UNKNOWN_FROM || stated === dataBytes);
      return {
        format,
        start,
        statedBytes: isKnown ? stated : Infinity,
        isCovered: isKnown && fileBytes >= start + stated,
      };
    }
    if (id === 'ds64' && start + 16 <= bytes.length)
      [fileBytes, dataBytes] = [
        8 + Number(view.getBigUint64(start, true)),
        Number(view.getBigUint64(start + 8, true)),
      ];
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
  const format: WavFormat = {
    tag,
    channels: view.getUint16(start + 2, true),
    sampleRate: view.getUint32(start + 4, true),
    blockBytes: view.getUint16(start + 12, true),
    bits: view.getUint16(start + 14, true),
  };
  if (!sampleReaders[`${format.tag}/${format.bits}`]) {
    throw new ClipUnreadable(
      'unsupportedCodec',
      `WAV format 0x${tag.toString(16).padStart(4, '0')} with ${format.bits} bits`,
    );
  }
  if (
    format.channels === 0 ||
    format.sampleRate === 0 ||
    format.blockBytes !== (format.channels * format.bits) / 8
  ) {
    throw new ClipUnreadable(
      'damaged',
      `${format.channels} channels of ${format.bits} bits at ${format.sampleRate} Hz in ` +
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
  const { tag, bits, channels, sampleRate } = format;
  if (tag !== formatInteger || bits !== 16)
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
    get channels() {
      return [everyOf(pcm, 0, 1)];
    },
  };
}

function samplesOf(
  bytes: Uint8Array,
  { tag, bits, channels, blockBytes }: WavFormat,
): Float32Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = sampleReaders[`${tag}/${bits}`]!;
  return Array.from({ length: channels }, (_, channel) => {
    const values = new Float32Array(bytes.length / blockBytes);
    for (
      let sample = 0, at = (channel * bits) / 8;
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
