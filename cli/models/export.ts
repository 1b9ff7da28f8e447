/** `ced export --model DIR --to onnx --out FILE`: a model as one file that other programs run. */
import { rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { longestSamples, onnxModel, type OnnxOptions } from '../../ced/onnx/model-graph';
import type { Command } from '../command';
import { UsageError } from '../failure';
import { readModelFolder } from './model-folder';
import { evaluateOnnx, type EvaluatedClips } from './onnx-evaluation';
import { bytes as size, grouped } from '../quantities';
import { defaultChunkSeconds } from './tag-audio';

const help = `ced export --model DIR --to onnx --out FILE [options]

Writes a CED checkpoint as an ONNX file (operators of version 17) with the front end inside: it takes \`waveform\`, float32 [batch, samples] in [-1, 1) at
16 kHz, any batch and length up to the model's target length, and gives \`probabilities\`, float32 [batch, classes]. Longer audio is cut by the
caller, as ced tag does. The names of the classes, in order, are in the file's metadata (\`labels\`, a JSON list).

  --model DIR     folder with model.safetensors and config.json
  --out FILE      where to; what is there already is replaced
  --int8          the products of the transformer's blocks in 8 bits: a quarter of the bytes. Activations are scaled by their
                  largest value in the batch, so a clip's result depends on its neighbours: give it one clip at a time
  --eval TABLE    scores the file on a labelled table (JSONL or TSV; labels are the model's class names or numbers) and times a chunk on one core;
                  with --int8 the float32 file beside it
  --json          one line of JSON
  --help          this text`;

const options = {
  model: { type: 'string' },
  to: { type: 'string' },
  out: { type: 'string' },
  int8: { type: 'boolean' },
  eval: { type: 'string' },
  json: { type: 'boolean' },
} as const;

interface Exported {
  precision: OnnxOptions['precision'];
  bytes: number;
}

export const command: Command = {
  summary: 'write a model as an ONNX file',
  help,
  async run(argv) {
    const { values } = parseArgs({ args: argv, options });
    const model = given('model', values.model, 'a folder with model.safetensors and config.json');
    const out = given('out', values.out, 'the file to write');
    if (values.to !== undefined && values.to !== 'onnx')
      throw new UsageError(`--to ${values.to}: expected onnx`);
    const { config, weights } = await readModelFolder(model);
    const precision: OnnxOptions['precision'] = values.int8 ? 'int8' : 'float32';
    const file = onnxModel(config, weights, { precision });
    const partial = `${out}.${process.pid}`;
    await writeFile(partial, file);
    await rename(partial, out);
    const written: Exported[] = [{ precision, bytes: file.length }];
    let evaluated: EvaluatedClips | null = null;
    if (values.eval !== undefined) {
      const files = [file];
      if (precision === 'int8') {
        files.unshift(onnxModel(config, weights, { precision: 'float32' }));
        written.unshift({ precision: 'float32', bytes: files[0]!.length });
      }
      const [chunkSeconds, threads] = [defaultChunkSeconds(config), availableParallelism()];
      evaluated = await evaluateOnnx(files, config, values.eval, {
        chunkSeconds,
        threads,
        onProgress,
      });
    }
    const rows: ExportResult['files'] = written.map((exported, index) => ({
      ...exported,
      ...evaluated?.scores[index],
    }));
    const result = {
      file: resolve(out),
      longestSamples: longestSamples(config),
      clips: evaluated?.clips ?? null,
      rejected: evaluated?.rejected ?? [],
      files: rows,
    };
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : asText(result));
    return 0;
  },
};

function given(option: string, value: string | undefined, what: string): string {
  if (value === undefined) throw new UsageError(`ced export: --${option} is missing: ${what}`);
  return value;
}

function onProgress(done: number, total: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(
      `\r\x1b[K${done + 1 < total ? `${grouped(done)} of ${grouped(total)} clips` : ''}`,
    );
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
    lines.push(
      '',
      `on ${grouped(clips)} clips${rejected.length > 0 ? ` (${grouped(rejected.length)} rejected, the first: ${rejected[0]!.clip}: ${rejected[0]!.reason})` : ''}`,
    );
    for (const { precision, bytes, mAP, latencyMs = NaN, realTimeFactor = NaN } of files)
      lines.push(
        `  ${precision.padEnd(8)} mAP ${mAP?.toFixed(4) ?? '–'}  ${size(bytes)}  ${latencyMs.toFixed(1)} ms a chunk on one core, real-time factor ${realTimeFactor.toFixed(4)}`,
      );
  }
  return `${lines.join('\n')}\n`;
}
