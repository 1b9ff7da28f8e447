/** `ced export --to onnx`: one file, its labels beside it, and scores of it on demand. */
import { availableParallelism } from 'node:os';
import type { ChannelChoice } from '../../../ced/audio/channels';
import { onnxModel, type OnnxOptions } from '../../../ced/onnx/model-graph';
import { evaluateOnnx, onnxSpeeds, type EvaluatedClips, type OnnxScore } from '../onnx-evaluation';
import { jsonText } from '../../print-json';
import { bytes as size } from '../../quantities';
import { writeWhole } from '../../whole-file';
import { defaultChunkSeconds } from '../tag-audio';
import type { ExportedModel } from './exported-model';
import { labelsFile, labelsPath } from './labels-file';

export interface OnnxExport {
  /** Files whose values are compared; the last is the one that was written. */
  readonly files: readonly ExportedFile[];
  readonly clips: number | null;
  readonly rejected: EvaluatedClips['rejected'];
  readonly notes: readonly string[];
}

export interface ExportedFile extends Partial<OnnxScore> {
  readonly precision: OnnxOptions['precision'];
  readonly bytes: number;
}

export interface OnnxExportOptions {
  readonly out: string;
  readonly int8: boolean;
  /** Table to score the file on. */
  readonly table: string | undefined;
  readonly channels: ChannelChoice;
  readonly onProgress: (done: number, total: number) => void;
}

export async function exportOnnx(
  { config, weights, thresholds }: ExportedModel,
  { out, int8, table, channels, onProgress }: OnnxExportOptions,
): Promise<OnnxExport> {
  const precisions: OnnxOptions['precision'][] = int8 ? ['float32', 'int8'] : ['float32'];
  const files = precisions.map((precision) =>
    onnxModel(config, weights, { precision, thresholds }),
  );
  await writeWhole([
    [out, files.at(-1)!],
    [labelsPath(out), jsonText(labelsFile(config, thresholds))],
  ]);
  const chunkSeconds = defaultChunkSeconds(config);
  const evaluated =
    table === undefined
      ? null
      : await evaluateOnnx(files, config, table, {
          chunkSeconds,
          threads: availableParallelism(),
          channels,
          onProgress,
        });
  const scores: Partial<OnnxScore>[] =
    evaluated?.scores.slice() ?? (int8 ? await onnxSpeeds(files, config, chunkSeconds) : []);
  const exported = precisions.map((precision, at) => ({
    precision,
    bytes: files[at]!.length,
    ...scores[at],
  }));
  return {
    files: exported,
    clips: evaluated?.clips ?? null,
    rejected: evaluated?.rejected ?? [],
    notes: exported.length === 2 ? int8Notes(exported[0]!, exported[1]!) : [],
  };
}

/** Reasons not to use the int8 file on this machine. */
export function int8Notes(float32: ExportedFile, int8: ExportedFile): string[] {
  const notes: string[] = [];
  if (int8.bytes >= float32.bytes)
    notes.push(`int8 is not smaller: ${size(int8.bytes)}, float32 ${size(float32.bytes)}`);
  const [slow, fast] = [int8.latencyMs, float32.latencyMs];
  if (slow !== undefined && fast !== undefined && slow >= fast)
    notes.push(
      `int8 is not faster on this machine: ${slow.toFixed(1)} ms a chunk on one core, float32 ` +
        `${fast.toFixed(1)} ms`,
    );
  return notes;
}
