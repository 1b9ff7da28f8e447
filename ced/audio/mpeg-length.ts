/**
 * How long an MPEG audio stream says it is, against what came of it. Only encoders that write a
 * first frame of numbers say so; of other streams a last frame that is not whole tells that they
 * were cut. https://wiki.hydrogenaud.io/index.php?title=MP3#VBR_headers
 */
import { ClipUnreadable } from './clip-unreadable';

/** What a first frame tells that holds numbers about the stream instead of audio. */
export interface InfoFrame {
  readonly isVbri: boolean;
  /** Of audio, so without this one; null = not stated. */
  readonly frames: number | null;
  /** Of the stream with this frame; null = not stated. */
  readonly bytes: number | null;
}

/** Header, CRC and side information of a frame, and the numbers up to the lengths. */
const LOOK_BYTES = 64;
const HEADER_BYTES = 4;
const HAS_FRAMES = 1;
const HAS_BYTES = 2;

/** @param bytes a frame, and maybe more. @returns null when it holds audio */
export function readInfoFrame(bytes: Uint8Array): InfoFrame | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(LOOK_BYTES, bytes.length));
  const text = start.toString('latin1', HEADER_BYTES);
  const found = /^([^]{0,2}\0{9,32})(Xing|Info|VBRI)/.exec(text);
  if (!found) return null;
  const name = HEADER_BYTES + found[1]!.length;
  const numberAt = (at: number): number | null =>
    name + at + 4 <= start.length ? start.readUInt32BE(name + at) || null : null;
  if (found[2] === 'VBRI') return { isVbri: true, bytes: numberAt(10), frames: numberAt(14) };
  const flags = numberAt(4) ?? 0;
  const frames = flags & HAS_FRAMES ? numberAt(8) : null;
  const bytesAt = flags & HAS_FRAMES ? 12 : 8;
  return { isVbri: false, frames, bytes: flags & HAS_BYTES ? numberAt(bytesAt) : null };
}

/** Counts the frames of one stream. */
export class MpegLength {
  private frames: number;
  private bytes = 0;

  /** @param stated by the first frame that will be added, if it is one of numbers */
  constructor(private readonly stated: InfoFrame | null) {
    this.frames = stated ? -1 : 0;
  }

  /** A frame that is whole. */
  add(frameBytes: number): void {
    this.frames++;
    this.bytes += frameBytes;
  }

  /**
   * To be called when the stream is over.
   * @param cut where the file ends inside of a frame: what came of it
   * @throws ClipUnreadable `damaged`
   */
  check(cut: string | null = null): void {
    // Nothing but a frame of numbers: a program wrote its own before it, and left it there.
    if (this.frames === 0 && cut === null) return;
    const { frames, bytes } = this.stated ?? { frames: null, bytes: null };
    if (this.isWhole(frames, bytes, cut !== null)) return;
    const missing =
      frames !== null && frames > this.frames
        ? `holds ${this.frames} frames of ${frames}`
        : bytes !== null && bytes > this.bytes
          ? `holds ${this.bytes} bytes of ${bytes}`
          : `breaks off in its last frame: ${cut}`;
    throw new ClipUnreadable('damaged', `the MP3 stream ${missing}`);
  }

  /**
   * Some writers count the frame of numbers among the frames, others leave it out of the bytes. So
   * a stream that lacks frames is whole where its bytes say so, or where one is missing and the
   * bytes say nothing.
   */
  private isWhole(frames: number | null, bytes: number | null, isCut: boolean): boolean {
    if (frames !== null && this.frames >= frames) return true;
    if (isCut) return false;
    if (bytes !== null) return this.bytes >= bytes;
    return frames === null || this.frames >= frames - 1;
  }
}
