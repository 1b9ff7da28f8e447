/**
 * Compares ONNX files of one model: mAP on a labelled table, and the time one chunk takes on one
 * core. Every file gets the same chunks, one at a time, and the files take turns, so that other
 * work on the machine disturbs all of them.
 */
import { latenciesMs } from '../../jobs/score/latency';
import { readClips } from '../../activities/ingest/read-clips';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import type { ChannelChoice } from '../../ced/audio/channels';
import type { TableRow } from '../../ced/corpus/table-row';
import { chunkPlan, type Chunk } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { meanAveragePrecision } from '../../ced/metrics/mean-average-precision';
import type { ModelConfig } from '../../ced/model/config';
import { shortestClipSamples } from '../../ced/model/pieces';
import { longestPieceSamples } from '../../ced/onnx/model-graph';
import { loadOnnxNet } from '../../ced/teachers/onnx-net';
import type { WaveformNet } from '../../ced/teachers/waveform-net';
import { UsageError } from '../../infra/command-line/usage-error';

export interface OnnxSpeed {
  /** Of one chunk on one core, median; of one piece where the chunk is longer. */
  readonly latencyMs: number;
  /** Seconds of computing for a second of audio. */
  readonly realTimeFactor: number;
}

export interface OnnxScore extends OnnxSpeed {
  readonly mAP: number | null;
}

export interface EvaluatedClips {
  readonly clips: number;
  readonly rejected: readonly { clip: string; reason: string }[];
  /** In the order of the files. */
  readonly scores: readonly OnnxScore[];
}

export interface EvaluationOptions {
  chunkSeconds: number;
  threads: number;
  /** What is made of several channels. */
  channels: ChannelChoice;
  onProgress: (done: number, total: number) => void;
}

/**
 * Clips are read as a run reads them: segments, rows of Parquet files and members of shards too.
 * @throws {UsageError} when the table has no labels, or one that the model does not know
 */
export async function evaluateOnnx(
  files: readonly Uint8Array[],
  config: ModelConfig,
  table: string,
  { chunkSeconds, threads, channels, onProgress }: EvaluationOptions,
): Promise<EvaluatedClips> {
  const root = process.cwd();
  const { rows, rejected: unreadable, notes } = await readTables(root, '--eval', table, {});
  const targets = targetsOf(rows, config, table);
  const whole = rows.map((row) => ({ ...row, labels: null }));
  const unlabelled = { rows: whole, rejected: unreadable, notes };
  const listed = await listClips(unlabelled, { root, vocabulary: [], sources: {} });
  const nets = await Promise.all(
    files.map((bytes) => loadOnnxNet(bytes, threads, { outputName: 'probabilities' })),
  );
  try {
    const scored: string[] = [];
    const scores = nets.map((): number[][] => []);
    let done = 0;
    for await (const {
      listed: { clip },
      pcm,
    } of readClips(listed, {}, channels)) {
      onProgress(done++, listed.length);
      const chunks = typeof pcm === 'string' ? [] : chunksOf(pcm, chunkSeconds, config);
      if (typeof pcm === 'string' || chunks.length === 0) {
        const reason = typeof pcm === 'string' ? pcm : `too short: ${pcm.length} samples at 16 kHz`;
        unreadable.push({ clip, reason });
        continue;
      }
      for (const [at, net] of nets.entries())
        scores[at]!.push(await meanProbabilities(net, pcm, chunks));
      scored.push(clip);
    }
    if (scored.length === 0) {
      const reason = unreadable[0]?.reason ?? 'it is empty';
      throw new UsageError(`--eval ${table}: none of its clips can be read: ${reason}`);
    }
    const speeds = await onnxSpeeds(files, config, chunkSeconds);
    const labelled = scored.flatMap((clip) => targets.get(clip)!);
    const results = scores.map((rowsOfFile, at) => {
      const of = {
        scores: rowsOfFile.flat(),
        targets: labelled,
        rows: scored.length,
        classes: config.outputdim,
      };
      return { mAP: meanAveragePrecision(of).mean, ...speeds[at]! };
    });
    return { clips: scored.length, rejected: unreadable, scores: results };
  } finally {
    for (const net of nets) net.dispose();
  }
}

/** @returns in the order of the files, which take turns */
export async function onnxSpeeds(
  files: readonly Uint8Array[],
  config: ModelConfig,
  chunkSeconds: number,
): Promise<OnnxSpeed[]> {
  const samples = Math.min(Math.round(chunkSeconds * sampleRate), longestPieceSamples(config));
  const latencies = await latenciesMs(files, samples, () => performance.now());
  return latencies.map((latencyMs) => ({
    latencyMs,
    realTimeFactor: (latencyMs / 1000 / samples) * sampleRate,
  }));
}

/** Those that the model can take. */
function chunksOf(pcm: Int16Array, chunkSeconds: number, config: ModelConfig): Chunk[] {
  return chunkPlan(pcm.length, chunkSeconds).filter(
    ({ length }) => length >= shortestClipSamples(config),
  );
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

/** By clip, zeros and ones. Labels are the model's class names or numbers. */
function targetsOf(
  rows: readonly TableRow[],
  config: ModelConfig,
  table: string,
): Map<string, number[]> {
  const numbers = new Map(
    Object.entries(config.id2label ?? {}).map(([index, name]) => [name, Number(index)]),
  );
  const targetOf = ({ clip, labels }: TableRow): number[] => {
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
  };
  return new Map(rows.map((row) => [row.clip, targetOf(row)]));
}
