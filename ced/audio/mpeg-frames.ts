/**
 * Where the streams of an MPEG audio file begin. Files that were put together with `cat` hold
 * several, each with a rate, channels and an encoder delay of its own; a decoder that takes them as
 * one plays the later ones at the rate of the first. ISO 11172-3, section 2.4.1.3.
 */
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { startsLikeTag, tagBytes } from './id3';
import { MpegLength, readInfoFrame, type InfoFrame } from './mpeg-length';

export interface MpegPiece {
  readonly bytes: Uint8Array;
  readonly isMono: boolean;
  /** The first of a stream. */
  readonly isStart: boolean;
  /** Not tags and padding, in which a decoder would find frames by chance. */
  readonly isAudio: boolean;
}

interface Frame {
  /** All that a stream keeps: version and layer in the second byte, rate, whether it is mono. */
  format: number;
  isMono: boolean;
  bytes: number;
}

/** Two of the largest frames and what tells a header's tag. */
const LOOK_BYTES = 2 ** 13;

const MPEG_1 = 3;
const LAYER_1 = 3;
const LAYER_3 = 1;
/** Hz of MPEG 1; MPEG 2 has half, 2.5 a quarter. */
const RATES = [44_100, 48_000, 32_000];
/** kbit/s by index, from 1. */
const KILOBITS: Readonly<Record<string, readonly number[]>> = {
  '1/1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1/2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1/3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2/1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2/2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** A frame header whose fields are all legal. AAC in ADTS starts alike, with a layer of 0. */
export function isMpegAudio([first = 0, second = 0, third = 0]: Uint8Array): boolean {
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  return (
    first === 0xff &&
    second >> 5 === 7 &&
    version !== 1 &&
    layer !== 0 &&
    third >> 4 !== 15 &&
    ((third >> 2) & 3) !== 3
  );
}

/** A bit rate of 0: frames whose length only their distance tells. */
export function isFreeFormat(bytes: Uint8Array): boolean {
  return isMpegAudio(bytes) && bytes[2]! >> 4 === 0;
}

/**
 * All the bytes but VBRI frames, cut where a stream begins.
 * @throws ClipUnreadable `damaged` when a stream goes on behind bytes of no frame, or holds less
 *   than it states, or ends in a frame that is not whole
 */
export async function* mpegPieces(parts: AsyncIterable<Uint8Array>): AsyncGenerator<MpegPiece> {
  const walk = new Walk();
  let pending: Uint8Array = new Uint8Array(0);
  for await (const part of parts) {
    pending = joined(pending, part);
    pending = yield* walk.take(pending, Math.max(0, pending.length - LOOK_BYTES));
  }
  yield* walk.take(pending, pending.length);
  walk.end();
}

class Walk {
  private stream: Frame | null = null;
  /** What comes next starts where a frame ended. */
  private isInStep = false;
  private isStart = true;
  /** Bytes of a tag that have not come yet. */
  private skip = 0;
  /** Since the last frame, bytes came that belong to none and to no tag. */
  private hasJunk = false;
  private length = new MpegLength(null);
  /** What the file holds of a frame that its end cuts off. */
  private cut: string | null = null;

  /** @returns the bytes from `until` on, or from a little behind it */
  *take(bytes: Uint8Array, until: number): Generator<MpegPiece, Uint8Array> {
    let [from, at] = [0, Math.min(this.skip, bytes.length)];
    let isAudio = at === 0;
    this.skip -= at;
    while (at < until) {
      const rest = bytes.subarray(at);
      const frame = this.frameAt(bytes, at);
      // What a single frame is before any stream, the decoder tells.
      if (isAudio !== (frame !== null || this.stream === null)) {
        yield* this.piece(bytes.subarray(from, at), isAudio);
        [from, isAudio] = [at, !isAudio];
      }
      if (frame) {
        const info = readInfoFrame(rest);
        if (info || frame.format !== this.stream?.format) {
          yield* this.piece(bytes.subarray(from, at), isAudio);
          this.startStream(frame, info);
          // mpg123 takes this frame, which holds no audio, for a silent one.
          from = at + (info?.isVbri ? frame.bytes : 0);
        } else if (this.hasJunk)
          throw new ClipUnreadable('damaged', 'the MP3 stream has lost frames on its way');
        if (frame.bytes <= rest.length) this.length.add(frame.bytes);
        else this.cut = `${rest.length} bytes of ${frame.bytes}`;
        at += frame.bytes;
        this.hasJunk = false;
      } else {
        if (this.isBegunHeader(rest)) this.cut = `${rest.length} bytes of its header`;
        const tag = tagBytes(rest);
        this.hasJunk ||= tag === 0;
        at += tag || junkBytes(rest);
      }
      this.isInStep = frame !== null;
    }
    const end = Math.min(at, bytes.length);
    this.skip = at - end;
    if (end > from) yield* this.piece(bytes.subarray(from, end), isAudio);
    return bytes.subarray(end);
  }

  private startStream(first: Frame, info: InfoFrame | null): void {
    this.length.check();
    this.length = new MpegLength(info);
    this.isStart ||= this.stream !== null;
    this.stream = first;
  }

  /** @throws ClipUnreadable `damaged` where the file was cut */
  end(): void {
    this.length.check(this.cut);
  }

  private *piece(bytes: Uint8Array, isAudio: boolean): Generator<MpegPiece> {
    if (bytes.length === 0) return;
    yield { bytes, isMono: this.stream?.isMono ?? false, isStart: this.isStart, isAudio };
    this.isStart = false;
  }

  /** Behind bytes of no frame, or in another format, one alone may be chance. */
  private frameAt(bytes: Uint8Array, at: number): Frame | null {
    const frame = readFrame(bytes.subarray(at, at + 4));
    if (!frame || (this.isInStep && frame.format === this.stream?.format)) return frame;
    const end = at + frame.bytes;
    const isFollowed = readFrame(bytes.subarray(end, end + 4))?.format === frame.format;
    return isFollowed || (end === bytes.length && this.isInStep) ? frame : null;
  }

  /** The file ends in the header of a next frame. Its first byte alone may be padding. */
  private isBegunHeader(bytes: Uint8Array): boolean {
    if (!this.isInStep || !this.stream || bytes.length < 2 || bytes.length > 3) return false;
    return bytes[0] === 0xff && (bytes[1]! | 1) === (0xe1 | (this.stream.format >> 8));
  }
}

function readFrame(header: Uint8Array): Frame | null {
  if (header.length < 4 || !isMpegAudio(header)) return null;
  const [, second = 0, third = 0, fourth = 0] = header;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  const isHalved = layer === LAYER_3 && version !== MPEG_1;
  const row = `${version === MPEG_1 ? 1 : 2}/${isHalved ? 2 : 4 - layer}`;
  const kilobits = KILOBITS[row]![(third >> 4) - 1];
  if (kilobits === undefined) return null;
  const rate = RATES[(third >> 2) & 3]! / (version === MPEG_1 ? 1 : version === 2 ? 2 : 4);
  const padding = (third >> 1) & 1;
  const isMono = fourth >> 6 === 3;
  const slots = layer === LAYER_1 ? 12 : isHalved ? 72 : 144;
  const length = Math.floor((slots * kilobits * 1000) / rate) + padding;
  return {
    format: (second & 0x1e) * 0x100 + (third & 0x0c) * 2 + Number(isMono),
    isMono,
    bytes: layer === LAYER_1 ? 4 * length : length,
  };
}

/** At least one, and as many as are no beginning of a frame or a tag. */
function junkBytes(bytes: Uint8Array): number {
  let junk = 1;
  while (junk < bytes.length && !startsLikeFrame(bytes, junk) && !startsLikeTag(bytes, junk))
    junk++;
  return junk;
}

/** By its first bytes, as far as they have come. */
function startsLikeFrame(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff) return false;
  return (bytes[at + 1] ?? 0xff) >> 5 === 7 && (bytes[at + 2] ?? 0) >> 4 !== 15;
}
