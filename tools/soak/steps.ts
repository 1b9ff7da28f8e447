/**
 * Many steps of a small model in this process. The number of tensors must stay constant and
 * resident memory must not grow, or a training of days would run out of memory.
 */
import { openEngine } from '../../ced/engine/engine';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { Trainer } from '../../ced/training/trainer';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { clock, grouped, rate } from '../../cli/quantities';

/** Memory settles while buffers find their size and code is compiled: growth counts from here. */
const SETTLED_SHARE = 0.2;
const ALLOWED_GROWTH_BYTES = 16e6;
const REPORTS = 20;

/** @returns whether the tensors stayed constant and the memory flat */
export function soakSteps(steps: number, print: (line: string) => void): boolean {
  const engine = openEngine();
  const config = modelConfigSchema.parse({
    embed_dim: 48,
    depth: 3,
    num_heads: 3,
    outputdim: 20,
    target_length: 112,
  });
  const [batch, samples] = [8, 16_000];
  const trainer = new Trainer(engine, config, initialWeights(config, 1), {
    precision: 'float32',
    clipNorm: 1,
    weightDecay: 0.01,
  });
  const targets = Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 11) / 11);
  const masks = Int32Array.from({ length: batch * 4 }, (_, i) => [3, 9, 20, 4][i % 4] ?? 0);
  const lambda = Float32Array.from({ length: batch }, (_, i) => i / 20);
  const progress = progressMeter('steps', steps, () => performance.now());
  const residents: number[] = [];
  let [tensors, changed] = [0, false];
  for (let step = 0; step < steps; step++) {
    const pcm = Int16Array.from(
      { length: batch * samples },
      (_, i) => (((i + step) * 7919) % 18_001) - 9000,
    );
    const loss = trainer.step({ pcm, batch, samples, masks, targets, lambda }, 1e-3);
    if (step === 0) tensors = engine.tensorCount;
    changed ||= engine.tensorCount !== tensors;
    if ((step + 1) % Math.max(1, Math.floor(steps / REPORTS)) !== 0) continue;
    if (step >= steps * SETTLED_SHARE) residents.push(process.memoryUsage.rss());
    const megabytes = (process.memoryUsage.rss() / 1e6).toFixed(0);
    const { perSecond, etaSeconds } = progress(step + 1);
    print(
      `step ${grouped(step + 1)} of ${grouped(steps)}: ${engine.tensorCount} tensors, ` +
        `${megabytes} MB resident, loss ${loss.toFixed(4)}, ${rate(perSecond)} steps/s, ` +
        `ETA ${clock(etaSeconds ?? 0)}`,
    );
  }
  trainer.dispose();
  const growth =
    lowest(residents.slice(residents.length >> 1)) -
    lowest(residents.slice(0, residents.length >> 1));
  const passed = !changed && !(growth > ALLOWED_GROWTH_BYTES);
  print(
    `${outcome(passed)}: ${grouped(steps)} steps, ` +
      `tensors ${changed ? 'changed in number' : 'constant'}, ` +
      `memory grew by ${(growth / 1e6).toFixed(1)} MB (at most ${ALLOWED_GROWTH_BYTES / 1e6})`,
  );
  return passed;
}

export const outcome = (passed: boolean): string => (passed ? 'passed' : 'FAILED');

/** The lowest value: garbage that is not collected yet says nothing about growth. */
const lowest = (bytes: readonly number[]): number => Math.min(...bytes);
