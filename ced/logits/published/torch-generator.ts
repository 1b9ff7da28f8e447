/**
 * PyTorch's CPU generator after `torch.manual_seed(seed)`: MT19937, and the two ways in which the
 * published augmentation takes numbers from it
 * (aten/src/ATen/core/{MT19937RNGEngine,TransformationHelper}.h). Only for replaying published
 * seeds: our own draws have no state. Matsumoto and Nishimura (1998); seed 5489 starts 3499211612
 * 581869302 3890346734.
 */
const stateWords = 624;
const middle = 397;
const { imul } = Math;

export class TorchGenerator {
  private readonly state = new Uint32Array(stateWords);
  private next = stateWords;

  /** @param seed the low 32 bits count, as in PyTorch */
  constructor(seed: number) {
    this.state[0] = seed;
    for (let word = 1; word < stateWords; word++) {
      const before = this.state[word - 1]!;
      this.state[word] = imul(1812433253, before ^ (before >>> 30)) + word;
    }
  }

  /** A uint32. */
  word(): number {
    if (this.next === stateWords) this.turn();
    let word = this.state[this.next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /**
   * A float32 in [0, 1): the low 24 bits, as `torch.rand` and Bernoulli draws of float32 take them.
   */
  uniform(): number {
    return (this.word() & 0xffffff) / 0x1000000;
  }

  /** `torch.randint(low, high, …)`: low … high − 1, for spans below 2^28. */
  integer(low: number, high: number): number {
    return low + (this.word() % (high - low));
  }

  private turn(): void {
    const { state } = this;
    for (let word = 0; word < stateWords; word++) {
      const joined = (state[word]! & 0x80000000) | (state[(word + 1) % stateWords]! & 0x7fffffff);
      state[word] =
        state[(word + middle) % stateWords]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}
