/** `ced export --to tflite`: a LiteRT file of one length, and its labels beside it. */
import { sampleRate } from '../../../ced/audio/mono16k';
import { longestPieceSamples } from '../../../ced/onnx/model-graph';
import { tfliteModel } from '../../../ced/tflite/model-graph';
import { jsonText } from '../../print-json';
import { writeWhole } from '../../whole-file';
import { defaultChunkSeconds } from '../tag-audio';
import type { ExportedModel } from './exported-model';
import { labelsFile, labelsPath } from './labels-file';

export interface TfliteExport {
  readonly bytes: number;
  /** Of the clip that the file takes. */
  readonly samples: number;
}

export async function exportTflite(
  { config, weights, thresholds }: ExportedModel,
  out: string,
): Promise<TfliteExport> {
  const samples = Math.min(defaultChunkSeconds(config) * sampleRate, longestPieceSamples(config));
  const file = tfliteModel(config, weights, samples);
  await writeWhole([
    [out, file],
    [labelsPath(out), jsonText(labelsFile(config, thresholds))],
  ]);
  return { bytes: file.length, samples };
}
