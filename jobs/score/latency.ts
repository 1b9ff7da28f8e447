/**
 * The time a model takes for one chunk on one core, as it would be deployed: the ONNX file that
 * `ced export` writes, in onnxruntime, one clip at a time. Part of a model's scores, with the
 * processor it was measured on; other programs may have used the machine meanwhile.
 */
import { cpus } from 'node:os';
import { onnxModel, longestPieceSamples } from '../../ced/onnx/model-graph';
import { sampleRate } from '../../ced/audio/mono16k';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import { loadModel } from '../../storage/models/model-folder';
import type { Store } from '../../storage/store';
import type { Latency } from '../../ced/metrics/latency';

/** @param beforeRun awaited before every timed run; may throw to end the measurement */
export async function modelLatency(
  store: Store,
  modelSha256: string,
  chunkSeconds: number,
  monotonicMs: () => number,
  beforeRun?: () => Promise<void>,
): Promise<Latency> {
  const { config, weights } = await loadModel(store, modelSha256);
  const samples = Math.min(Math.round(chunkSeconds * sampleRate), longestPieceSamples(config));
  const [milliseconds] = await latenciesMs(
    [onnxModel(config, weights, { precision: 'float32' })],
    samples,
    monotonicMs,
    beforeRun,
  );
  return {
    milliseconds: milliseconds!,
    audioSeconds: samples / sampleRate,
    processor: cpus()[0]?.model ?? 'unknown',
  };
}

const WARM_UPS = 2;
const TIMED_RUNS = 9;

/**
 * Median milliseconds of each file on a clip of this length. The files take turns, so that other
 * load on the machine slows all of them alike.
 */
export async function latenciesMs(
  files: readonly Uint8Array[],
  samples: number,
  monotonicMs: () => number,
  beforeRun: () => Promise<void> = () => Promise.resolve(),
): Promise<number[]> {
  const nets = await Promise.all(
    files.map((bytes) => loadOnnxNet(bytes, 1, { outputName: 'probabilities' })),
  );
  try {
    const waveform = Float32Array.from(
      { length: samples },
      (_, i) => 0.3 * Math.sin(i * 0.05 + i * i * 1e-7),
    );
    const times = nets.map((): number[] => []);
    for (let run = 0; run < WARM_UPS + TIMED_RUNS; run++) {
      for (const [index, net] of nets.entries()) {
        await beforeRun();
        const before = monotonicMs();
        await net.run(waveform, 1, samples);
        if (run >= WARM_UPS) times[index]!.push(monotonicMs() - before);
      }
    }
    return times.map((list) => list.sort((a, b) => a - b)[TIMED_RUNS >> 1]!);
  } finally {
    for (const net of nets) net.dispose();
  }
}
