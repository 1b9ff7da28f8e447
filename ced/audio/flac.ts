/**
 * FLAC, frame by frame as it arrives. Every frame ends with a sum over its bytes, and the stream's
 * header may state the number of samples; both are checked: a clip that was damaged or cut short in
 * transit is refused instead of decoded. RFC 9639.
 */
import type { AudioBlock } from './audio-block';
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { FlacFrames, FRAME_NOT_READ } from './flac-frames';
import { FlacOrder } from './flac-order';
import { isTrailer, TRAILER_BYTES } from './id3';
import { checkLength } from './mono16k';

interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  /** 0 = not stated. */
  readonly samples: number;
}

const STREAM_INFO_BYTES = 34;
/** A few pictures, each of 16 MiB at most. A source of blocks without end is refused here. */
const MOST_METADATA_BYTES = 2 ** 26;

export function isFlac(bytes: Uint8Array): boolean {
  return bytes[0] === 0x66 && bytes[1] === 0x4c && bytes[2] === 0x61 && bytes[3] === 0x43;
}

/** @throws ClipUnreadable `damaged`, `unsupportedCodec` or `tooLong` */
export async function* flacBlocks(
  parts: AsyncIterable<Uint8Array>,
  longestSeconds: number,
): AsyncGenerator<AudioBlock> {
  const metadata = new Metadata();
  let pending: Uint8Array = new Uint8Array(0);
  let stream: FlacStream | null = null;
  try {
    for await (const part of parts) {
      pending = joined(pending, part);
      if (stream === null) {
        pending = metadata.skip(pending);
        if (!metadata.isOver || metadata.info === null) continue;
        const { samples, sampleRate } = metadata.info;
        checkLength(samples / sampleRate, longestSeconds);
        stream = new FlacStream(metadata.info);
      }
      pending = yield* stream.take(pending);
      // What follows tells whether its header states all of it.
      if (stream.isOver && pending.length >= TRAILER_BYTES) break;
    }
    if (stream === null)
      throw new ClipUnreadable('damaged', 'the FLAC stream breaks off in its header');
    stream.end(pending);
  } finally {
    stream?.close();
  }
}

/** "fLaC" and the blocks before the first frame, whatever their length. Section 8. */
class Metadata {
  info: StreamInfo | null = null;
  isOver = false;
  private left = 4;
  private bytes = 0;
  private isLast = false;

  /** @returns the bytes that are not done with */
  skip(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    for (;;) {
      const skipped = Math.min(this.left, rest.length);
      rest = rest.subarray(skipped);
      this.left -= skipped;
      if (this.left > 0) return rest;
      if (this.isLast) this.isOver = true;
      if (this.isOver || rest.length < (this.info ? 4 : 4 + STREAM_INFO_BYTES)) return rest;
      // The first block is always STREAMINFO.
      this.info ??= readStreamInfo(rest);
      this.isLast = rest[0]! >> 7 === 1;
      this.left = 4 + rest[1]! * 0x10000 + rest[2]! * 0x100 + rest[3]!;
      this.bytes += this.left;
      if (this.bytes > MOST_METADATA_BYTES)
        throw new ClipUnreadable(
          'damaged',
          `the header of the FLAC stream takes more than ${MOST_METADATA_BYTES / 2 ** 20} MiB`,
        );
    }
  }
}

/** @param block a metadata block with its header */
function readStreamInfo(block: Uint8Array): StreamInfo {
  if ((block[0]! & 0x7f) !== 0)
    throw new ClipUnreadable('damaged', 'the FLAC stream has no STREAMINFO');
  const content = block.subarray(4, 4 + STREAM_INFO_BYTES);
  const view = new DataView(content.buffer, content.byteOffset);
  const packed = view.getUint32(10);
  const info: StreamInfo = {
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 0x7) + 1,
    bits: ((packed >>> 4) & 0x1f) + 1,
    samples: (packed & 0xf) * 0x100000000 + view.getUint32(14),
  };
  if (info.sampleRate === 0)
    throw new ClipUnreadable('damaged', 'the FLAC stream states no sampling rate');
  return info;
}

/** Sync code, block size, rate and channels that may be. RFC 9639, section 9.1. */
function isFrameHeader([first, second, sizeAndRate = 0, channels = 0]: Uint8Array): boolean {
  const isSync = first === 0xff && (second === 0xf8 || second === 0xf9);
  return isSync && sizeAndRate >> 4 !== 0 && (sizeAndRate & 15) !== 15 && channels >> 4 <= 10;
}

class FlacStream {
  private readonly frames: FlacFrames;
  private readonly order: FlacOrder;
  private samples = 0;
  private isTagged = false;

  constructor(private readonly info: StreamInfo) {
    this.order = new FlacOrder(info.sampleRate);
    this.frames = FlacFrames.borrow(info.channels, info.bits);
  }

  /** All the samples that its header states have come, or a tag behind the last. */
  get isOver(): boolean {
    return this.isTagged || (this.info.samples !== 0 && this.samples >= this.info.samples);
  }

  /** @returns the bytes of a frame that is not whole yet */
  *take(bytes: Uint8Array): Generator<AudioBlock, Uint8Array> {
    let rest = bytes;
    while (rest.length > 0 && !this.isOver) {
      const received = this.frames.receive(rest);
      let at = 0;
      while (at < received && !this.isOver) {
        const used = this.frames.decode(at);
        if (used === FRAME_NOT_READ)
          throw new ClipUnreadable('unsupportedCodec', 'FLAC of 32 bits with a channel difference');
        if (used < 0 && !this.mayEndBefore(rest.subarray(at)))
          throw new ClipUnreadable(
            'damaged',
            `the FLAC stream is damaged at sample ${this.samples}`,
          );
        if (used <= 0) break;
        this.order.add(rest.subarray(at, at + used), this.frames.samples);
        at += used;
        yield this.block();
      }
      if (at === 0 && received < rest.length && !this.isOver)
        throw new ClipUnreadable('damaged', 'the FLAC stream has a frame larger than any');
      const isAll = received === rest.length;
      rest = rest.subarray(at);
      if (isAll) break;
    }
    return rest;
  }

  /** A stream of unstated length ends before a tag, or before bytes too few to tell. */
  private mayEndBefore(rest: Uint8Array): boolean {
    if (this.info.samples !== 0) return false;
    this.isTagged = isTrailer(rest);
    return this.isTagged || rest.length < TRAILER_BYTES;
  }

  /** @throws ClipUnreadable `damaged` when not all came that was encoded, or more than is stated */
  end(rest: Uint8Array): void {
    const { samples } = this.info;
    if (this.isOver && (isFlac(rest) || isFrameHeader(rest)))
      throw new ClipUnreadable(
        'damaged',
        `the FLAC stream states ${samples} samples, and more follow them; split or encode it anew`,
      );
    if (samples !== 0 && this.samples !== samples)
      throw new ClipUnreadable(
        'damaged',
        `the FLAC stream holds ${this.samples} samples of ${samples}`,
      );
    if (samples === 0 && !this.isTagged && rest.length > 0)
      throw new ClipUnreadable('damaged', `the FLAC stream breaks off at sample ${this.samples}`);
  }

  close(): void {
    this.frames.giveBack();
  }

  private block(): AudioBlock {
    this.samples += this.frames.samples;
    return new FlacBlock(this.frames, this.info);
  }
}

/** Converts the samples of a frame on demand. */
class FlacBlock implements AudioBlock {
  constructor(
    private readonly frames: FlacFrames,
    private readonly info: StreamInfo,
  ) {}

  get sampleRate(): number {
    return this.info.sampleRate;
  }

  get channelCount(): number {
    return this.info.channels;
  }

  get sampleCount(): number {
    return this.frames.samples;
  }

  get channels(): Float32Array[] {
    return this.frames.channels(this.info.channels);
  }

  get mono(): Float32Array | undefined {
    const { channels, bits } = this.info;
    if (channels === 2 && bits === 32) return undefined;
    return channels === 1 || channels === 2 ? this.frames.mono(channels) : undefined;
  }
}
