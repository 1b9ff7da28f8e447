/**
 * The student's own mixup weights, drawn anew for every step. As in the published training loop,
 * each example of a batch has its own lambda ~ Beta(alpha, alpha), which weighs the *flipped*
 * batch: x' = flip(x)·λ + x·(1 − λ).
 */
import { philox, streamKey, uniform, type PhiloxCounter, type PhiloxKey } from './random';

export interface StepIdentity {
  readonly seed: number;
  readonly epoch: number;
  readonly step: number;
}

/**
 * One lambda per example, float32 [batch]. alpha 0 means no mixup: all zero. Words come from the
 * key `mixup/<seed>` at counters (attempt, example, step, epoch), so an example's lambda does not
 * depend on how often its neighbours were rejected.
 */
export function drawMixup(
  alpha: number,
  { seed, epoch, step }: StepIdentity,
  batch: number,
): Float32Array {
  if (!(alpha >= 0)) throw new RangeError(`mixup must be 0 or more, got ${alpha}`);
  const lambda = new Float32Array(batch);
  if (alpha === 0) return lambda;
  const key = streamKey('mixup', seed);
  for (let example = 0; example < batch; example++) {
    const uniforms = new ExampleUniforms(key, [0, example, step, epoch]);
    lambda[example] = alpha <= 1 ? betaByJohnk(alpha, uniforms) : betaByGammas(alpha, uniforms);
  }
  return lambda;
}

/** The uniforms in (0, 1) of one example, in sequence. */
class ExampleUniforms {
  private words: readonly number[] = [];
  private taken = 4;
  private block = 0;

  constructor(
    private readonly key: PhiloxKey,
    private readonly counter: PhiloxCounter,
  ) {}

  next(): number {
    if (this.taken === 4) {
      this.words = philox(this.key, [
        this.block++,
        this.counter[1],
        this.counter[2],
        this.counter[3],
      ]);
      this.taken = 0;
    }
    // Half a step up keeps zero out: its logarithm is taken.
    return uniform(this.words[this.taken++]! + 0.5);
  }
}

/** Jöhnk (1964), in logarithms: for small alpha the powers themselves underflow. */
function betaByJohnk(alpha: number, uniforms: ExampleUniforms): number {
  for (;;) {
    const logX = Math.log(uniforms.next()) / alpha;
    const logY = Math.log(uniforms.next()) / alpha;
    const larger = Math.max(logX, logY);
    const logSum = larger + Math.log(Math.exp(logX - larger) + Math.exp(logY - larger));
    if (logSum <= 0) return Math.exp(logX - logSum);
  }
}

function betaByGammas(alpha: number, uniforms: ExampleUniforms): number {
  const x = gamma(alpha, uniforms);
  return x / (x + gamma(alpha, uniforms));
}

/** Marsaglia and Tsang (2000), for shapes of 1 and more. */
function gamma(shape: number, uniforms: ExampleUniforms): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal =
      Math.sqrt(-2 * Math.log(uniforms.next())) * Math.cos(2 * Math.PI * uniforms.next());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(uniforms.next()) < 0.5 * normal * normal + d - d * v + d * Math.log(v))
      return d * v;
  }
}
