/**
 * The time a model takes for one chunk on one core, as it would be deployed: the ONNX file that
 * `ced export` writes, in onnxruntime, one clip at a time. Models take turns, so that other load on
 * the machine slows all of them alike. A run's models are measured in rounds, which are repeated
 * until their times are stable.
 */
import { cpus } from 'node:os';
import { onnxModel, longestPieceSamples } from '../../ced/onnx/model-graph';
import { sampleRate } from '../../ced/audio/mono16k';
import { isStable } from '../../ced/metrics/latency';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import { loadModel } from '../../storage/models/model-folder';
import {
  areMeasured,
  keepLatencies,
  timedHashes,
  type Latencies,
  type TimedModels,
} from '../../storage/latencies';
import { beginPhase, type JobContext } from '../job-context';

interface TimedNet {
  bytes: number;
  run(): Promise<unknown>;
  dispose(): void;
}

/** Of the files that are in memory at once: larger ensembles are measured in groups. */
const MOST_BYTES = 2e9;
const WARM_UPS = 2;
const TIMED_RUNS = 9;
const RUNS_A_ROUND = 5;
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 12;

/** Measures models of the store side by side, unless they were before, and keeps the times. */
export async function measureLatencies(
  context: Pick<JobContext, 'store' | 'monotonicMs' | 'onProgress' | 'yieldAndCheckStop'>,
  timed: TimedModels,
): Promise<void> {
  const { store, monotonicMs } = context;
  const hashes = await timedHashes(store, timed);
  if (hashes.length === 0 || (await areMeasured(store, hashes, timed))) return;
  const beforeRun = (): Promise<void> => beginPhase(context, 'measuring latency');
  const rounds: number[][] = [];
  const samples: number[] = [];
  const nets: TimedNet[] = [];
  const measure = async (): Promise<void> => {
    rounds.push(...(await roundsUntilStable(nets, monotonicMs, beforeRun)));
    for (const net of nets.splice(0)) net.dispose();
  };
  try {
    for (const model of hashes) {
      await beforeRun();
      const { config, weights } = await loadModel(store, model);
      const own = Math.round(timed.chunkSeconds * sampleRate);
      samples.push(Math.min(own, longestPieceSamples(config)));
      const file = onnxModel(config, weights, { precision: 'float32' });
      const held = nets.reduce((sum, { bytes }) => sum + bytes, 0);
      if (nets.length > 0 && held + file.byteLength > MOST_BYTES) await measure();
      nets.push(await timedNet(file, samples.at(-1)!));
    }
    await measure();
  } finally {
    for (const net of nets) net.dispose();
  }
  await keepLatencies(store, timed, {
    processor: cpus()[0]?.model ?? 'unknown',
    rounds: Math.max(...rounds.map(({ length }) => length)),
    models: hashes.map((sha256, index): Latencies['models'][number] => {
      const sorted = rounds[index]!.toSorted((a, b) => a - b);
      return {
        ...{ sha256, milliseconds: median(sorted), low: sorted[0]!, high: sorted.at(-1)! },
        audioSeconds: samples[index]! / sampleRate,
      };
    }),
  });
}

/** Milliseconds [nets, rounds]: of each round a net's fastest run. */
async function roundsUntilStable(
  nets: readonly TimedNet[],
  monotonicMs: () => number,
  beforeRun: () => Promise<void>,
): Promise<number[][]> {
  await inTurns(nets, WARM_UPS, monotonicMs, beforeRun);
  const rounds = nets.map((): number[] => []);
  const areStable = (): boolean =>
    rounds.every((times) => isStable(median(times.toSorted((a, b) => a - b)), Math.min(...times)));
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const times = await inTurns(nets, RUNS_A_ROUND, monotonicMs, beforeRun);
    for (const [index, each] of times.entries()) rounds[index]!.push(Math.min(...each));
    if (round >= LEAST_ROUNDS && areStable()) break;
  }
  return rounds;
}

/** Median milliseconds of each file on a clip of this length; the files take turns. */
export async function latenciesMs(
  files: readonly Uint8Array[],
  samples: number,
  monotonicMs: () => number,
): Promise<number[]> {
  const nets = await Promise.all(files.map((file) => timedNet(file, samples)));
  try {
    await inTurns(nets, WARM_UPS, monotonicMs);
    const times = await inTurns(nets, TIMED_RUNS, monotonicMs);
    return times.map((each) => median(each.toSorted((a, b) => a - b)));
  } finally {
    for (const net of nets) net.dispose();
  }
}

async function timedNet(file: Uint8Array, samples: number): Promise<TimedNet> {
  const net = await loadOnnxNet(file, 1, { outputName: 'probabilities' });
  const waveform = Float32Array.from(
    { length: samples },
    (_, i) => 0.3 * Math.sin(i * 0.05 + i * i * 1e-7),
  );
  return {
    bytes: file.byteLength,
    run: () => Promise.resolve(net.run(waveform, 1, samples)),
    dispose: () => net.dispose(),
  };
}

/**
 * Milliseconds [nets, runs].
 * @param beforeRun awaited before every run; may throw to end the measurement
 */
async function inTurns(
  nets: readonly TimedNet[],
  runs: number,
  monotonicMs: () => number,
  beforeRun: () => Promise<void> = () => Promise.resolve(),
): Promise<number[][]> {
  const times = nets.map((): number[] => []);
  for (let run = 0; run < runs; run++)
    for (const [index, net] of nets.entries()) {
      await beforeRun();
      const before = monotonicMs();
      await net.run();
      times[index]!.push(monotonicMs() - before);
    }
  return times;
}

/** Of an even number of values the lower of the two in the middle. */
function median(sorted: readonly number[]): number {
  return sorted[(sorted.length - 1) >> 1]!;
}
