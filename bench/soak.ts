/**
 * `npm run soak`: many steps of a small model. Tensors must neither come nor go, and resident memory must not grow, or training for days would end for want of memory.
 * Exits with 1 when either does.
 */
import { parseArgs } from 'node:util';
import { openEngine } from '../ced/engine/engine';
import { modelConfigSchema } from '../ced/model/config';
import { initialWeights } from '../ced/model/initial-weights';
import { Trainer } from '../ced/training/trainer';
import { describeFailure, UsageError } from '../cli/failure';

const help = `npm run soak [-- options]

Trains a small model and watches its tensors and its resident memory.

  --steps N   optimizer steps (default 10000; about 6 minutes on two cores)
  --help      this text`;

/** Memory settles while buffers find their size and code is compiled: growth counts from here. */
const SETTLED_SHARE = 0.2;
const ALLOWED_GROWTH_BYTES = 16e6;
const REPORTS = 20;

function soak(steps: number): boolean {
  const engine = openEngine();
  const config = modelConfigSchema.parse({ embed_dim: 48, depth: 3, num_heads: 3, outputdim: 20, target_length: 112 });
  const [batch, samples] = [8, 16_000];
  const trainer = new Trainer(engine, config, initialWeights(config, 1), { precision: 'float32', clipNorm: 1, weightDecay: 0.01 });
  const targets = Float32Array.from({ length: batch * config.outputdim }, (_, i) => (i % 11) / 11);
  const masks = Int32Array.from({ length: batch * 4 }, (_, i) => [3, 9, 20, 4][i % 4] ?? 0);
  const lambda = Float32Array.from({ length: batch }, (_, i) => i / 20);
  const residents: number[] = [];
  let [tensors, changed] = [0, false];
  for (let step = 0; step < steps; step++) {
    const pcm = Int16Array.from({ length: batch * samples }, (_, i) => (((i + step) * 7919) % 18_001) - 9000);
    const loss = trainer.step({ pcm, batch, samples, masks, targets, lambda }, 1e-3);
    if (step === 0) tensors = engine.tensorCount;
    changed ||= engine.tensorCount !== tensors;
    if ((step + 1) % Math.max(1, Math.floor(steps / REPORTS)) !== 0) continue;
    if (step >= steps * SETTLED_SHARE) residents.push(process.memoryUsage.rss());
    const megabytes = (process.memoryUsage.rss() / 1e6).toFixed(0);
    process.stdout.write(`step ${step + 1}: ${engine.tensorCount} tensors, ${megabytes} MB resident, loss ${loss.toFixed(4)}\n`);
  }
  trainer.dispose();
  const growth = lowest(residents.slice(residents.length >> 1)) - lowest(residents.slice(0, residents.length >> 1));
  process.stdout.write(`tensors ${changed ? 'changed in number' : 'constant'}, memory grew by ${(growth / 1e6).toFixed(1)} MB\n`);
  return !changed && !(growth > ALLOWED_GROWTH_BYTES);
}

/** Garbage on its way out says nothing about growth. */
const lowest = (bytes: readonly number[]): number => Math.min(...bytes);

try {
  const { values } = parseArgs({ options: { steps: { type: 'string', default: '10000' }, help: { type: 'boolean', short: 'h' } } });
  const steps = Number(values.steps);
  if (values.help) process.stdout.write(`${help}\n`);
  else if (!Number.isInteger(steps) || steps < 1) throw new UsageError(`--steps ${values.steps}: expected a whole number above 0`);
  else process.exitCode = soak(steps) ? 0 : 1;
} catch (error) {
  process.stderr.write(`error: ${describeFailure(error)}\n`);
  process.exitCode = 1;
}
