/** `ced tag FILE|DIR|-`: what a model hears in audio files. */
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import type { Command } from '../command';
import { describeFailure, UsageError } from '../failure';
import { readModelFolder } from './model-folder';
import { grouped } from '../quantities';
import { defaultChunkSeconds, tagAudio, type TaggedChunk } from './tag-audio';

const defaultTop = 5;
const liveMs = 200;

/** What is taken from a folder; a file that is named is read whatever its name. */
const audioExtensions = new Set(
  '.wav .flac .ogg .oga .opus .mp3 .m4a .mp4 .aac .webm .wma .aif .aiff'.split(' '),
);

const help = `ced tag FILE|DIR|- … --model DIR [options]

Prints the most probable classes of every chunk of audio. Files are cut into chunks end to end; the last one is heard at its own length, none is dropped.
A folder stands for the audio files in it and below, - for the bytes on standard input. A file that can't be read is told on standard error, the others
go on, and the exit code is 1.

  --model DIR          CED checkpoint: a folder with model.safetensors and config.json, as published or as in a store's models/
  --top N              classes of a chunk (default ${defaultTop})
  --chunk-seconds S    length of a chunk (default 10, or what the model was built for where that is less)
  --json               one line of JSON a file: {"file", "chunks": [{"start", "end", "tags": [{"label", "probability"}]}]}, times in seconds
  --help               this text`;

const options = {
  model: { type: 'string' },
  top: { type: 'string' },
  'chunk-seconds': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'name what is heard in audio files',
  help,
  async run(argv) {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    if (positionals.length === 0)
      throw new UsageError('ced tag: expected a file, a folder or -; see ced tag --help');
    if (values.model === undefined)
      throw new UsageError(
        'ced tag: --model is missing: a folder with model.safetensors and config.json',
      );
    const top = above0('top', values.top ?? String(defaultTop));
    if (!Number.isInteger(top))
      throw new UsageError(`--top ${values.top}: expected a whole number`);
    const asked =
      values['chunk-seconds'] === undefined
        ? null
        : above0('chunk-seconds', values['chunk-seconds']);
    const files = await listFiles(positionals);
    const { config, weights } = await readModelFolder(values.model);
    const chunkSeconds = asked ?? defaultChunkSeconds(config);
    const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
    const show = progress(files.length);
    let failures = 0;
    try {
      for (const [index, file] of files.entries()) {
        show(index);
        try {
          const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
          const chunks = tagAudio(predictor, await decodeClip(() => [bytes], file), {
            chunkSeconds,
            top,
          });
          show(null);
          await print(values.json ? `${JSON.stringify({ file, chunks })}\n` : asText(file, chunks));
        } catch (error) {
          // whoever reads has heard enough, as `head` does
          if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0;
          failures++;
          show(null);
          process.stderr.write(`error: ${file}: ${describeFailure(error)}\n`);
        }
      }
    } finally {
      predictor.dispose();
    }
    return failures === 0 ? 0 : 1;
  },
};

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UsageError(`--${option} ${text}: expected a number above 0`);
  return value;
}

async function listFiles(places: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const place of places) {
    if (place === '-') files.push(place);
    else if (!(await isFolder(place))) files.push(place);
    else {
      const entries = await readdir(place, { recursive: true, withFileTypes: true });
      const audio = entries.filter(
        (entry) => !entry.isDirectory() && audioExtensions.has(extname(entry.name).toLowerCase()),
      );
      if (audio.length === 0) throw new UsageError(`${place}: no audio files in this folder`);
      files.push(...audio.map((entry) => join(entry.parentPath, entry.name)).sort());
    }
  }
  if (files.filter((file) => file === '-').length > 1)
    throw new UsageError('ced tag: standard input can be read once');
  return files;
}

async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch (error) {
    throw new UsageError(`${place} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Waits while a reader of ours is slower than we are. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function asText(file: string, chunks: readonly TaggedChunk[]): string {
  const lines = chunks.flatMap(({ start, end, tags }) => [
    `  ${start.toFixed(2)}–${end.toFixed(2)} s`,
    ...tags.map(({ label, probability }) => `    ${probability.toFixed(3)}  ${label}`),
  ]);
  return `${[file, ...lines].join('\n')}\n`;
}

/** A line on a terminal that is written over; null clears it before something else is printed. */
function progress(total: number): (done: number | null) => void {
  if (!process.stderr.isTTY || total < 2) return () => undefined;
  let lastMs = -Infinity;
  return (done) => {
    if (done === null) process.stderr.write('\r\x1b[K');
    else if (performance.now() - lastMs > liveMs) {
      lastMs = performance.now();
      process.stderr.write(`\r\x1b[K${grouped(done)} of ${grouped(total)} files`);
    }
  };
}
