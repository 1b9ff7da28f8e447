/** `ced export --model MODEL --to onnx --out FILE`: a model as one file that other programs run. */
import { rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { longestSamples, onnxModel, type OnnxOptions } from '../../ced/onnx/model-graph';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { oneOf, text, textOf } from '../../infra/command-line/option';
import { channelsOption } from '../channels-option';
import type { Command } from '../command';
import { readModelFolder } from './model-folder';
import { modelOption } from './named-model';
import { evaluateOnnx, type EvaluatedClips } from './onnx-evaluation';
import { bytes as size, grouped } from '../quantities';
import { defaultChunkSeconds } from './tag-audio';

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
        'depends on the other clips of its batch: run it on one clip at a time',
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

interface Exported {
  precision: OnnxOptions['precision'];
  bytes: number;
}

export const command: Command = {
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values }) => {
      const result = await exportOnnx(values);
      process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : asText(result));
      return 0;
    }),
};

async function exportOnnx({
  model,
  out,
  int8,
  eval: table,
  channels = 'mix',
}: NonNullable<ReturnType<typeof line.parse>>['values']): Promise<ExportResult> {
  const { config, weights } = await readModelFolder(model);
  const precision: OnnxOptions['precision'] = int8 ? 'int8' : 'float32';
  const file = onnxModel(config, weights, { precision });
  const partial = `${out}.${process.pid}`;
  await writeFile(partial, file);
  await rename(partial, out);
  const written: Exported[] = [{ precision, bytes: file.length }];
  let evaluated: EvaluatedClips | null = null;
  if (table !== undefined) {
    const files = [file];
    if (precision === 'int8') {
      files.unshift(onnxModel(config, weights, { precision: 'float32' }));
      written.unshift({ precision: 'float32', bytes: files[0]!.length });
    }
    evaluated = await evaluateOnnx(files, config, table, {
      chunkSeconds: defaultChunkSeconds(config),
      threads: availableParallelism(),
      channels,
      onProgress,
    });
  }
  return {
    file: resolve(out),
    longestSamples: longestSamples(config),
    clips: evaluated?.clips ?? null,
    rejected: evaluated?.rejected ?? [],
    files: written.map((exported, index) => ({ ...exported, ...evaluated?.scores[index] })),
  };
}

function onProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  control(process.stderr, CLEAR_LINE);
  if (done + 1 < total) process.stderr.write(`${grouped(done)} of ${grouped(total)} clips`);
}

interface ExportResult {
  file: string;
  longestSamples: number;
  clips: number | null;
  rejected: readonly { clip: string; reason: string }[];
  files: readonly (Exported & Partial<EvaluatedClips['scores'][number]>)[];
}

function asText({ file, longestSamples: longest, clips, rejected, files }: ExportResult): string {
  const lines = [
    `${file}  ${size(files.at(-1)!.bytes)}, clips of at most ${(longest / 16_000).toFixed(2)} s`,
  ];
  if (clips !== null) {
    const [first] = rejected;
    const rest = first
      ? ` (${grouped(rejected.length)} rejected, the first: ${first.clip}: ${first.reason})`
      : '';
    lines.push('', `on ${grouped(clips)} clips${rest}`, ...files.map(scoreLine));
  }
  return `${lines.join('\n')}\n`;
}

function scoreLine(file: ExportResult['files'][number]): string {
  const { precision, bytes, mAP, latencyMs = NaN, realTimeFactor = NaN } = file;
  return [
    `  ${precision.padEnd(8)} mAP ${mAP?.toFixed(4) ?? '–'}`,
    size(bytes),
    `${latencyMs.toFixed(1)} ms a chunk on one core, real-time factor ${realTimeFactor.toFixed(4)}`,
  ].join('  ');
}
