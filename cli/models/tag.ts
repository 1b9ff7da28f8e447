/** `ced tag FILE|DIR|-`: the most probable classes of audio files. */
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { amount, count } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { channelsOption } from '../channels-option';
import { irregularFile } from '../../storage/sources/irregular-file';
import { isAudio } from '../corpus/datasets/audio-files';
import type { Command } from '../command';
import { describeFailure } from '../failure';
import { readModelFolder } from './model-folder';
import { modelOption } from './named-model';
import { grouped } from '../quantities';
import { defaultChunkSeconds, tagAudio, type TaggedChunk } from './tag-audio';

const liveMs = 200;

const line = commandLine({
  program: 'ced tag',
  usage: 'FILE|DIR|- … --model MODEL [options]',
  about: [
    'Prints the most probable classes of every chunk of audio. Files are cut into chunks end to ' +
      'end; the last chunk is shorter, and none is dropped. A file that cannot be read is named ' +
      'on standard error, the others are tagged, and the exit status is 1.',
  ],
  operands: {
    rows: {
      FILE: 'an audio file',
      DIR: 'a folder: the audio files in it and in its subfolders',
      '-': 'the bytes on standard input',
    },
    expected: 'a file, a folder or -',
    least: 1,
    most: Infinity,
  },
  options: {
    model: modelOption,
    top: { value: 'N', is: count, default: 5, help: 'classes printed for a chunk' },
    'chunk-seconds': {
      value: 'S',
      is: amount,
      shown: "10, or the model's input length where that is less",
      help: 'length of a chunk',
    },
    channels: channelsOption,
    json: {
      help:
        'print one line of JSON for each file, times in seconds: {"file", "chunks": [{"start", ' +
        '"end", "tags": [{"label", "probability"}]}]}',
    },
  },
  examples: [
    'ced tag recording.wav --model teachers/ced-base',
    'ced tag recordings/ --model runs/mine/students/mini --top 3 --json',
  ],
});

export const command: Command = {
  help: line.help,
  run: async (argv) => await line.run(argv, tagFiles),
};

async function tagFiles({
  values,
  operands,
}: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const files = await listFiles(operands);
  const { config, weights } = await readModelFolder(values.model);
  const chunkSeconds = values['chunk-seconds'] ?? defaultChunkSeconds(config);
  const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
  const show = progress(files.length);
  let failures = 0;
  try {
    for (const [index, { file, fault }] of files.entries()) {
      show(index);
      try {
        if (fault) throw fault;
        const bytes = file === '-' ? await buffer(process.stdin) : await readRegular(file);
        const { channels = 'mix' } = values;
        const pcm = await decodeClip(() => [bytes], file, { channels });
        const chunks = tagAudio(predictor, pcm, { chunkSeconds, top: values.top });
        show(null);
        await print(values.json ? `${JSON.stringify({ file, chunks })}\n` : asText(file, chunks));
      } catch (error) {
        // the reader of our output has closed it, as `head` does
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
}

interface ListedFile {
  file: string;
  /** Why it cannot be tagged, where that is known before it is read. */
  fault?: UsageError;
}

/** Reported with the file, so that one wrong name does not keep the others from being tagged. */
async function listFiles(places: readonly string[]): Promise<ListedFile[]> {
  if (places.filter((place) => place === '-').length > 1)
    throw new UsageError('ced tag: standard input can be read once');
  const files: ListedFile[] = [];
  for (const place of places) {
    try {
      files.push(...(await filesIn(place)).map((file) => ({ file })));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fault = error instanceof UsageError ? error : unreadable(code);
      files.push({ file: place, fault });
    }
  }
  return files;
}

function unreadable(code: string | undefined): UsageError {
  return new UsageError(code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${code})`);
}

async function filesIn(place: string): Promise<string[]> {
  if (place === '-' || !(await stat(place)).isDirectory()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const audio = entries.filter((entry) => !entry.isDirectory() && isAudio(entry.name));
  if (audio.length === 0) throw new UsageError('no audio files in this folder');
  return audio.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** @throws {UsageError} for what would have to be waited for, or has no end */
async function readRegular(path: string): Promise<Buffer> {
  const other = await irregularFile(path);
  if (other === null) return await readFile(path);
  throw new UsageError(
    `${other.what}, not a file; ${other.remedy}` +
      (other.isStream ? ', or pass it on standard input, to ced tag -' : ''),
  );
}

/** Waits for a reader of standard output that is slower than this program. */
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

/** A line on a terminal that is overwritten; null clears it before other output. */
function progress(total: number): (done: number | null) => void {
  if (!process.stderr.isTTY || total < 2) return () => undefined;
  let lastMs = -Infinity;
  return (done) => {
    if (done === null) control(process.stderr, CLEAR_LINE);
    else if (performance.now() - lastMs > liveMs) {
      lastMs = performance.now();
      control(process.stderr, CLEAR_LINE);
      process.stderr.write(`${grouped(done)} of ${grouped(total)} files`);
    }
  };
}
