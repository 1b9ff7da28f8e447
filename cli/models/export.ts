/** `ced export --model MODEL --to FORMAT --out PLACE`: a model as other programs run it. */
import { resolve } from 'node:path';
import { chosenThresholds } from '../../ced/metrics/thresholds';
import type { OnnxOptions } from '../../ced/onnx/model-graph';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { oneOf, text, textOf } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { channelsOption } from '../channels-option';
import type { Command } from '../command';
import type { ExportedModel } from './exports/exported-model';
import { exportOnnx, type OnnxExport } from './exports/onnx-export';
import { sherpaFiles } from './exports/sherpa-export';
import { exportTflite } from './exports/tflite-export';
import { transformersFiles } from './exports/transformers-export';
import { webFiles } from './exports/web-export';
import { writeFolder, type FolderFiles } from '../whole-file';
import { readTaggingModel } from './model-folder';
import { modelOption } from './named-model';
import { bytes as size, grouped } from '../quantities';

export const EXPORT_FORMATS = ['onnx', 'transformers', 'sherpa', 'web', 'tflite'] as const;

const line = commandLine({
  program: 'ced export',
  usage: '--model MODEL --to FORMAT --out PLACE [options]',
  about: [
    'Writes a CED checkpoint as other programs run it, with its labels, rate, window and ' +
      'thresholds (for the best F1) in a labels.json. FORMAT is:',
    'onnx: a file (opset 17) with the front end inside. Its input `waveform` is float32 [batch, ' +
      'samples] in [-1, 1) at 16 kHz, of any batch and length; its outputs are `probabilities`, ' +
      "[batch, classes], and `embedding`, [batch, width]. Audio beyond the model's target length " +
      'is predicted in pieces, which are averaged. The labels are named FILE.labels.json; the ' +
      'names of the classes and the thresholds, JSON lists, are in its metadata too (`labels`, ' +
      '`thresholds`).',
    "transformers: a folder for Python's transformers, with the code of the model, and for " +
      'transformers.js, in float32 and 8 bits. Its README shows how to use it.',
    "sherpa: a folder for sherpa-onnx's audio tagging, in float32 and 8 bits.",
    'web: a folder with a page that tags the microphone or a recording in the browser, live over ' +
      'a sliding window. Any static server shows it (microphones need https or localhost); it ' +
      'loads nothing from elsewhere.',
    'tflite: a file for LiteRT (TensorFlow Lite) in float32, with the front end inside. Its ' +
      'input `waveform` is one clip of one length, float32 [1, samples] in [-1, 1) at 16 kHz, of ' +
      'windowSeconds in FILE.labels.json; its outputs are those of onnx.',
  ],
  options: {
    model: modelOption,
    to: {
      value: 'FORMAT',
      is: oneOf(...EXPORT_FORMATS),
      default: 'onnx',
      help: 'what to write: onnx, transformers, sherpa, web or tflite',
    },
    out: {
      value: 'PLACE',
      is: textOf('the file to write'),
      required: true,
      help: 'file or folder to write; existing files are replaced',
    },
    int8: {
      help:
        "for onnx and web: the matrix products of the transformer's blocks in 8 bits, a quarter " +
        'of the bytes. Activations are scaled by their largest value in the batch, so the result ' +
        'of a clip depends on the other clips of its batch: run it on one clip at a time. For ' +
        'onnx, says where the file is not smaller than float32, or not faster on this machine',
    },
    eval: {
      value: 'TABLE',
      is: text,
      help:
        "for onnx: score the file on a labelled table (as a run's; labels are the model's class " +
        'names or numbers) and time a chunk on one core; with --int8 the float32 file beside it',
    },
    channels: {
      ...channelsOption,
      help: `${channelsOption.help}; of clips that --eval reads`,
    },
    json: { help: 'print one line of JSON' },
  },
  examples: [
    'ced export --model teachers/ced-base --to onnx --out base.onnx',
    'ced export --model runs/mine --out mine.onnx --int8 --eval data/eval.jsonl',
    'ced export --model runs/mine --to transformers --out mine-tagger',
    'ced export --model runs/mine --to web --out public',
    'ced export --model runs/mine --to tflite --out mine.tflite',
  ],
});

type ExportValues = NonNullable<ReturnType<typeof line.parse>>['values'];

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values }) => {
      const { thresholds, ...loaded } = await readTaggingModel(values.model);
      const model = { ...loaded, thresholds: thresholds && chosenThresholds(thresholds, 'bestF1') };
      const { to: format } = values;
      const print = (result: Exported, asText: string): void =>
        void process.stdout.write(
          values.json ? `${JSON.stringify({ formatVersion: 1, ...result })}\n` : asText,
        );
      if (format === 'onnx') {
        const result = await toFile(model, values);
        print(result, fileAsText(result));
      } else if (format === 'tflite') {
        refuseOnnxOptions(format, values);
        const result = { file: resolve(values.out), ...(await exportTflite(model, values.out)) };
        print(
          result,
          `${result.file}  ${size(result.bytes)}, ${grouped(result.samples)} samples\n`,
        );
      } else {
        const result = await toFolder(model, format, values);
        print(result, folderAsText(result));
      }
      return 0;
    }),
};

async function toFile(
  model: ExportedModel,
  { out, int8, eval: table, channels = 'mix' }: ExportValues,
): Promise<FileResult> {
  const exported = await exportOnnx(model, { out, int8, table, channels, onProgress });
  return { file: resolve(out), longestSamples: null, ...exported };
}

type Exported = FileResult | FolderResult | { file: string; bytes: number; samples: number };

type FolderFormat = 'transformers' | 'sherpa' | 'web';

interface FolderResult {
  folder: string;
  files: { name: string; bytes: number }[];
}

async function toFolder(
  model: ExportedModel,
  format: FolderFormat,
  values: ExportValues,
): Promise<FolderResult> {
  refuseOnnxOptions(format, values);
  const { out, int8 } = values;
  const files = await filesOf(model, format, int8 ? 'int8' : 'float32');
  await writeFolder(out, files);
  const sizes = Object.entries(files).map(([name, content]) => ({
    name,
    bytes: Buffer.byteLength(content),
  }));
  return { folder: resolve(out), files: sizes };
}

function refuseOnnxOptions(
  format: FolderFormat | 'tflite',
  { int8, eval: table }: ExportValues,
): void {
  if (int8 && format === 'tflite')
    throw new UsageError('--int8: goes with --to onnx and web, not tflite');
  if (int8 && format !== 'web')
    throw new UsageError(`--int8: --to ${format} writes a file in 8 bits always`);
  if (table !== undefined) throw new UsageError(`--eval: goes with --to onnx, not ${format}`);
}

async function filesOf(
  model: ExportedModel,
  format: FolderFormat,
  precision: OnnxOptions['precision'],
): Promise<FolderFiles> {
  switch (format) {
    case 'transformers':
      return await transformersFiles(model);
    case 'sherpa':
      return sherpaFiles(model);
    case 'web':
      return await webFiles(model, precision);
  }
}

function folderAsText({ folder, files }: FolderResult): string {
  const lines = files.map(({ name, bytes }) => `  ${name}  ${size(bytes)}`);
  return `${[folder, ...lines].join('\n')}\n`;
}

function onProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  control(process.stderr, CLEAR_LINE);
  if (done + 1 < total) process.stderr.write(`${grouped(done)} of ${grouped(total)} clips`);
}

interface FileResult extends OnnxExport {
  file: string;
  /** Of a clip that the file takes; null = any. */
  longestSamples: null;
}

function fileAsText({ file, clips, rejected, files, notes }: FileResult): string {
  const lines = [`${file}  ${size(files.at(-1)!.bytes)}`];
  if (clips !== null) {
    const [first] = rejected;
    const rest = first
      ? ` (${grouped(rejected.length)} rejected, the first: ${first.clip}: ${first.reason})`
      : '';
    lines.push('', `on ${grouped(clips)} clips${rest}`);
  }
  if (files.at(-1)!.latencyMs !== undefined) lines.push(...files.map(scoreLine));
  return `${[...lines, ...notes].join('\n')}\n`;
}

function scoreLine(file: FileResult['files'][number]): string {
  const { precision, bytes, mAP, latencyMs = NaN, realTimeFactor = NaN } = file;
  return [
    `  ${precision.padEnd(8)}${mAP === undefined ? '' : ` mAP ${mAP?.toFixed(4) ?? '–'}`}`,
    size(bytes),
    `${latencyMs.toFixed(1)} ms a chunk on one core, real-time factor ${realTimeFactor.toFixed(4)}`,
  ].join('  ');
}
