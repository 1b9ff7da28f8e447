/**
 * Compares ONNX files of one model: mAP on a labelled table, and the time one chunk takes on one
 * core. Every file gets the same chunks, one at a time, and the files take turns, so that other
 * work on the machine disturbs all of them.
 */
import { latenciesMs } from '../../jobs/score/latency';
import { readTables } from '../../activities/plan/read-table';
import type { TableRow } from '../../ced/corpus/table-row';
import { openSource } from '../../storage/sources/open-source';
import { readSource } from '../../storage/sources/source';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { chunkPlan, type Chunk } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { meanAveragePrecision } from '../../ced/metrics/mean-average-precision';
import type { ModelConfig } from '../../ced/model/config';
import { shortestClipSamples } from '../../ced/model/pieces';
import { longestSamples } from '../../ced/onnx/model-graph';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import type { WaveformNet } from '../../ced/teachers/waveform-net';
import { UsageError } from '../../infra/command-line/usage-error';

export interface OnnxScore {
  readonly mAP: number | null;
  /** Of one chunk on one core, median. */
  readonly latencyMs: number;
  /** Seconds of computing for a second of audio. */
  readonly realTimeFactor: number;
}

export interface EvaluatedClips {
  readonly clips: number;
  readonly rejected: readonly { clip: string; reason: string }[];
  /** In the order of the files. */
  readonly scores: readonly OnnxScore[];
}

const LARGEST_CLIP_BYTES = 2 ** 30;

/** @throws {UsageError} when the table has no labels, or one that the model does not know */
export async function evaluateOnnx(
  files: readonly Uint8Array[],
  config: ModelConfig,
  table: string,
  {
    chunkSeconds,
    threads,
    onProgress,
  }: { chunkSeconds: number; threads: number; onProgress: (done: number, total: number) => void },
): Promise<EvaluatedClips> {
  const { rows, rejected } = await readTables(process.cwd(), '--eval', table, {});
  const targets = targetsOf(rows, config, table);
  const nets = await Promise.all(files.map((bytes) => loadOnnxNet(bytes, threads)));
  try {
    const scored: number[] = [];
    const scores = nets.map((): number[][] => []);
    const unreadable = [...rejected];
    for (const [index, { clip, audio }] of rows.entries()) {
      onProgress(index, rows.length);
      try {
        const bytes = await readSource(openSource(audio, {}), LARGEST_CLIP_BYTES);
        const pcm = await decodeClip(() => [bytes], audio);
        const chunks = chunkPlan(pcm.length, chunkSeconds).filter(
          ({ length }) => length >= shortestClipSamples(config),
        );
        if (chunks.length === 0)
          throw new RangeError(`${pcm.length} samples at 16 kHz are too short`);
        for (const [at, net] of nets.entries())
          scores[at]!.push(await meanProbabilities(net, pcm, chunks));
        scored.push(index);
      } catch (error) {
        unreadable.push({ clip, reason: (error as Error).message });
      }
    }
    if (scored.length === 0) {
      const reason = unreadable[0]?.reason ?? 'it is empty';
      throw new UsageError(`--eval ${table}: none of its clips can be read: ${reason}`);
    }
    const latencies = await latenciesMs(
      files,
      Math.min(Math.round(chunkSeconds * sampleRate), longestSamples(config)),
      () => performance.now(),
    );
    const labelled = scored.flatMap((index) => targets[index]!);
    const results = scores.map((rowsOfFile, at) => {
      const of = {
        scores: rowsOfFile.flat(),
        targets: labelled,
        rows: scored.length,
        classes: config.outputdim,
      };
      const latencyMs = latencies[at]!;
      return {
        mAP: meanAveragePrecision(of).mean,
        latencyMs,
        realTimeFactor: latencyMs / 1000 / chunkSeconds,
      };
    });
    return { clips: scored.length, rejected: unreadable, scores: results };
  } finally {
    for (const net of nets) net.dispose();
  }
}

async function meanProbabilities(
  net: WaveformNet,
  pcm: Int16Array,
  chunks: readonly Chunk[],
): Promise<number[]> {
  let sums: number[] = [];
  for (const { start, length } of chunks) {
    const { values } = await net.run(
      Float32Array.from(pcm.subarray(start, start + length), (sample) => sample / 32768),
      1,
      length,
    );
    sums = Array.from(values, (value, index) => (sums[index] ?? 0) + value / chunks.length);
  }
  return sums;
}

/** A row of zeros and ones for each clip. Labels are the model's class names or numbers. */
function targetsOf(rows: readonly TableRow[], config: ModelConfig, table: string): number[][] {
  const numbers = new Map(
    Object.entries(config.id2label ?? {}).map(([index, name]) => [name, Number(index)]),
  );
  return rows.map(({ clip, labels }) => {
    if (labels === null) throw new UsageError(`--eval ${table}: ${clip} has no labels`);
    const target = new Array<number>(config.outputdim).fill(0);
    for (const label of labels) {
      const index = typeof label === 'number' ? label : numbers.get(label);
      if (index === undefined || index >= config.outputdim)
        throw new UsageError(
          `--eval ${table}: ${clip} is labelled ${label}, ` +
            'which is no class of the model (config.json, id2label)',
        );
      target[index] = 1;
    }
    return target;
  });
}
