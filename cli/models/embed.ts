/** `ced embed FILE|DIR|- --out FILE`: what a model makes of each window, as vectors in one file. */
import { openEngine } from '../../ced/engine/engine';
import { sampleRate } from '../../ced/audio/mono16k';
import { Embedder } from '../../ced/model/embedder';
import { shortestClipSamples } from '../../ced/model/pieces';
import { commandLine } from '../../infra/command-line/command-line';
import { amount, type Kind } from '../../infra/command-line/option';
import { channelsOption } from '../channels-option';
import type { Command } from '../command';
import { grouped } from '../quantities';
import { print } from '../standard-output';
import type { AudioInput } from './audio/audio-input';
import { joinedWindows, readWindows, refuseTooShort, refuseWindows } from './audio/audio-windows';
import { eachRecording, type Reading } from './audio/each-recording';
import { audioOperands, listAudio } from './audio/listed-audio';
import { rawFormat, rawOptions } from './audio/raw-samples';
import { createEmbeddingFile, rowsFile, type EmbeddingFile } from './embeddings/embedding-file';
import { readModelFolder } from './model-folder';
import type { Embedded } from './models-output';
import { modelOption } from './named-model';
import { defaultChunkSeconds } from './tag-audio';

/** Windows in a batch. */
const BATCH = 8;

const outFile: Kind<string> = {
  expected: 'a file to write that ends with .npy or .parquet',
  parse: (given) => (/.\.(npy|parquet)$/.test(given) ? given : undefined),
};

const line = commandLine({
  program: 'ced embed',
  usage: 'FILE|DIR|- … --model MODEL --out FILE [options]',
  about: [
    'Writes the embedding of each window of audio: the vector of embed_dim numbers from which ' +
      "the model's last layer makes its classes. A .npy file is float32 [windows, embed_dim] " +
      '(NumPy format 1.0), and a .rows.csv beside it has the file, start and end in seconds of ' +
      'each row; a .parquet file has the columns file, start, end and embedding (list of ' +
      'float). The windows of a file follow each other in time.',
  ],
  operands: audioOperands,
  options: {
    model: modelOption,
    out: { value: 'FILE', is: outFile, required: true, help: 'file to write: .npy or .parquet' },
    window: {
      value: 'S',
      is: amount,
      shown: "10, or the model's input length where that is less",
      help: 'length of a window',
    },
    hop: {
      value: 'S',
      is: amount,
      shown: 'the window',
      help: 'seconds from one window to the next',
    },
    channels: channelsOption,
    ...rawOptions,
    json: { help: 'print one line of JSON' },
  },
  examples: [
    'ced embed recordings/ --model runs/mine --out recordings.npy',
    'ced embed day.flac --model runs/mine --window 2 --hop 0.5 --out day.parquet',
  ],
  notes: [
    'The last window ends with the recording; a recording shorter than a window is one window. ' +
      'Memory does not grow with the recordings. A file that cannot be read is named on standard ' +
      'error, the others are embedded, and the exit status is 1.',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) => await line.run(argv, embedFiles),
};

type Parsed = NonNullable<ReturnType<typeof line.parse>>;

async function embedFiles({ values, operands }: Parsed): Promise<number> {
  const raw = rawFormat(values, operands);
  const files = await listAudio(operands);
  const { config, weights } = await readModelFolder(values.model);
  const windowSeconds = values.window ?? defaultChunkSeconds(config);
  const hopSeconds = values.hop ?? windowSeconds;
  refuseWindows(windowSeconds, hopSeconds);
  refuseTooShort('window', windowSeconds, config);
  const out = await createEmbeddingFile(values.out, config.embed_dim);
  const embedder = new Embedder(openEngine(), config, weights);
  try {
    const settings = {
      windowSamples: Math.round(windowSeconds * sampleRate),
      hopSamples: Math.round(hopSeconds * sampleRate),
      channels: values.channels ?? 'mix',
    } as const;
    const status = await eachRecording(files, raw, (input, reading) =>
      embed(input, { embedder, out, settings, reading }),
    );
    if (out.rows === 0) {
      console.error(`error: no audio was embedded, and ${values.out} is left as it was`);
      return 1;
    }
    await out.finish();
    const shape = [out.rows, config.embed_dim] as const;
    await print(values.json ? asJson(values.out, shape) : asText(values.out, shape));
    return status;
  } finally {
    await out.discard();
    embedder.dispose();
  }
}

interface Embedding {
  readonly embedder: Embedder;
  readonly out: EmbeddingFile;
  readonly settings: Pick<
    Parameters<typeof readWindows>[1],
    'windowSamples' | 'hopSamples' | 'channels'
  >;
  readonly reading: Reading;
}

async function embed(
  input: AudioInput,
  { embedder, out, settings, reading }: Embedding,
): Promise<void> {
  const { embed_dim: width } = embedder.config;
  const options = {
    ...settings,
    shortest: shortestClipSamples(embedder.config),
    isLive: false,
    batch: BATCH,
    signal: reading.signal,
  };
  await readWindows(input, options, async (windows) => {
    const { pcm, samples } = joinedWindows(windows);
    const vectors = embedder.embeddings(pcm, windows.length);
    await out.add(
      windows.map(({ start }, row) => ({
        file: input.name,
        start: start / sampleRate,
        end: (start + samples) / sampleRate,
        vector: vectors.subarray(row * width, (row + 1) * width),
      })),
    );
    reading.onProgress((windows.at(-1)!.start + samples) / sampleRate);
  });
}

function asText(out: string, [rows, width]: readonly [number, number]): string {
  const list = out.endsWith('.npy') ? `, its rows in ${rowsFile(out)}` : '';
  return `${out}  ${grouped(rows)} windows × ${width}${list}\n`;
}

function asJson(file: string, shape: readonly [number, number]): string {
  const embedded: Embedded = { formatVersion: 1, file, shape: [...shape] };
  return `${JSON.stringify(embedded)}\n`;
}
