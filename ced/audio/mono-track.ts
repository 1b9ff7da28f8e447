/**
 * A clip at one sample rate while its blocks come: resampled from the source's rate and quantised.
 * int16 of that very rate passes bit by bit.
 */
import { Resampler } from './resample';
import type { SampleMemory } from './sample-memory';

export class MonoTrack {
  private resampler: Resampler | null = null;

  /** @param append quantises float32 samples into the memory, which is cleared */
  constructor(
    readonly rate: number,
    readonly memory: SampleMemory,
    private readonly append: (mono: Float32Array, to: SampleMemory) => void,
  ) {
    memory.clear();
  }

  /** The next stream of the file is of this rate; the one before has ended. */
  begin(sourceRate: number): void {
    this.resampler = sourceRate === this.rate ? null : new Resampler(sourceRate, this.rate);
  }

  add(mono: Float32Array | Int16Array): void {
    if (this.resampler)
      this.resampler.push(mono instanceof Int16Array ? floatsOf(mono) : mono, this.keep);
    else if (mono instanceof Int16Array) this.memory.append(mono);
    else this.keep(mono);
  }

  /** Brings to the memory what a resampler gathers to work on larger blocks. */
  flush(): void {
    this.resampler?.flush(this.keep);
  }

  /** The stream has ended. */
  end(): void {
    this.resampler?.end(this.keep);
    this.resampler = null;
  }

  private readonly keep = (mono: Float32Array): void => this.append(mono, this.memory);
}

function floatsOf(pcm: Int16Array): Float32Array {
  const floats = new Float32Array(pcm.length);
  for (let index = 0; index < pcm.length; index++) floats[index] = pcm[index]! / 0x8000;
  return floats;
}
