/**
 * The compiled frame decoder (assembly/flac/flac-frame.ts) with memory of its own, lent to one
 * stream at a time.
 */
import { flacFrameWasm } from './compiled/flac-frame';
import { Kernel, type WasmMemory } from './kernel';

interface FrameModule {
  readonly memory: WasmMemory;
  readonly INPUT: { readonly value: number };
  readonly INPUT_BYTES: { readonly value: number };
  readonly RESULT: { readonly value: number };
  readonly ROW_BYTES: { readonly value: number };
  readonly blockSize: { readonly value: number };
  receive(length: number): void;
  expectFormat(channels: number, bits: number): void;
  decodeFrame(from: number, to: number): number;
  toFloats(): void;
  toMean(): void;
}

/** The frame holds the difference of two channels of 32 bits. */
export const FRAME_NOT_READ = -2;

const kernel = new Kernel<FrameModule>(flacFrameWasm);
/** As many as were ever lent at once: 7 MB each. */
const idle: FlacFrames[] = [];

export class FlacFrames {
  private readonly module = kernel.instance();
  private readonly memory = new Uint8Array(this.module.memory.buffer);
  private received = 0;

  private constructor() {}

  /** To be given back. */
  static borrow(channels: number, bits: number): FlacFrames {
    const frames = idle.pop() ?? new FlacFrames();
    frames.module.expectFormat(channels, bits);
    return frames;
  }

  giveBack(): void {
    idle.push(this);
  }

  /** @returns how many of the bytes were taken: all, or more than any frame has */
  receive(bytes: Uint8Array): number {
    this.received = Math.min(bytes.length, this.module.INPUT_BYTES.value);
    this.memory.set(bytes.subarray(0, this.received), this.module.INPUT.value);
    this.module.receive(this.received);
    return this.received;
  }

  /**
   * @param from byte of those received where the frame starts
   * @returns its bytes; 0 = it has not wholly come; −1 = it is damaged: nonsense, or not what its
   *   sum is of; `FRAME_NOT_READ`
   */
  decode(from: number): number {
    return this.module.decodeFrame(from, this.received);
  }

  /** Samples of the last frame. */
  get samples(): number {
    return this.module.blockSize.value;
  }

  /** The last frame's channels as float32, copied. */
  channels(count: number): Float32Array[] {
    this.module.toFloats();
    return Array.from({ length: count }, (_, channel) => this.row(channel).slice());
  }

  /**
   * The last frame's only channel, or the mean of its two. Valid until anything else is asked for.
   */
  mono(channels: 1 | 2): Float32Array {
    if (channels === 1) this.module.toFloats();
    else this.module.toMean();
    return this.row(0);
  }

  private row(channel: number): Float32Array {
    const start = this.module.RESULT.value + channel * this.module.ROW_BYTES.value;
    return new Float32Array(this.memory.buffer, start, this.samples);
  }
}
