/** `ced export --model MODEL --to onnx --out FILE`: a model as one file that other programs run. */
import { resolve } from 'node:path';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { oneOf, text, textOf } from '../../infra/command-line/option';
import { channelsOption } from '../channels-option';
import type { Command } from '../command';
import { exportOnnx, type OnnxExport } from './exports/onnx-export';
import { readModelFolder } from './model-folder';
import { modelOption } from './named-model';
import { bytes as size, grouped } from '../quantities';

const line = commandLine({
  program: 'ced export',
  usage: '--model MODEL --to onnx --out FILE [options]',
  about: [
    'Writes a CED checkpoint as an ONNX file (opset 17) with the front end inside. Its input ' +
      '`waveform` is float32 [batch, samples] in [-1, 1) at 16 kHz, of any batch and of any ' +
      "length up to the model's target length; its output `probabilities` is float32 [batch, " +
      'classes]. The caller cuts longer audio, as ced tag does. The class names, in order, are a ' +
      "JSON list in the file's metadata (`labels`).",
  ],
  options: {
    model: modelOption,
    to: { value: 'FORMAT', is: oneOf('onnx'), default: 'onnx', help: 'format of the file' },
    out: {
      value: 'FILE',
      is: textOf('the file to write'),
      required: true,
      help: 'file to write; an existing one is replaced',
    },
    int8: {
      help:
        "the matrix products of the transformer's blocks in 8 bits: a quarter of the bytes. " +
        'Activations are scaled by their largest value in the batch, so the result of a clip ' +
        'depends on the other clips of its batch: run it on one clip at a time. Says where the ' +
        'file is not smaller than float32, or not faster on this machine',
    },
    eval: {
      value: 'TABLE',
      is: text,
      help:
        "score the file on a labelled table (as a run's; labels are the model's class names or " +
        'numbers) and time a chunk on one core; with --int8 the float32 file beside it',
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
  ],
});

export const command: Command = {
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values }) => {
      const result = await exportModel(values);
      process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : asText(result));
      return 0;
    }),
};

async function exportModel({
  model,
  out,
  int8,
  eval: table,
  channels = 'mix',
}: NonNullable<ReturnType<typeof line.parse>>['values']): Promise<ExportResult> {
  const loaded = await readModelFolder(model);
  const exported = await exportOnnx(loaded, { out, int8, table, channels, onProgress });
  return { file: resolve(out), longestSamples: null, ...exported };
}

function onProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  control(process.stderr, CLEAR_LINE);
  if (done + 1 < total) process.stderr.write(`${grouped(done)} of ${grouped(total)} clips`);
}

interface ExportResult extends OnnxExport {
  file: string;
  /** Of a clip that the file takes; null = any. */
  longestSamples: null;
}

function asText({ file, clips, rejected, files, notes }: ExportResult): string {
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

function scoreLine(file: ExportResult['files'][number]): string {
  const { precision, bytes, mAP, latencyMs = NaN, realTimeFactor = NaN } = file;
  return [
    `  ${precision.padEnd(8)}${mAP === undefined ? '' : ` mAP ${mAP?.toFixed(4) ?? '–'}`}`,
    size(bytes),
    `${latencyMs.toFixed(1)} ms a chunk on one core, real-time factor ${realTimeFactor.toFixed(4)}`,
  ].join('  ');
}
