/** `ced tag FILE|DIR|-`: the most probable classes of audio files. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { amount, count } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { channelsOption } from '../channels-option';
import type { Command } from '../command';
import { describeFailure } from '../failure';
import { requireRegular } from './audio/audio-input';
import { refuseTooShort } from './audio/audio-windows';
import { eachRecording } from './audio/each-recording';
import { audioOperands, listAudio, type ListedFile } from './audio/listed-audio';
import { eventFormats, span } from './events/event-formats';
import { eventOptions, eventSettings, type EventSettings } from './events/event-options';
import { tagOverTime, thresholdsOf } from './events/tag-over-time';
import { readModelFolder, readTaggingModel } from './model-folder';
import type { TaggedFile } from './models-output';
import { modelOption } from './named-model';
import { oneLine } from '../one-line';
import { grouped } from '../quantities';
import { isClosedOutput, OutputFailed, print } from '../standard-output';
import { defaultChunkSeconds, tagAudio, type TaggedChunk } from './tag-audio';

const liveMs = 200;

const line = commandLine({
  program: 'ced tag',
  usage: 'FILE|DIR|- … --model MODEL [options]',
  about: [
    'Prints the most probable classes of every chunk of audio. Files are cut into chunks end to ' +
      'end; the last chunk is shorter, and none is dropped. With --window it prints events ' +
      'instead, with --stream the classes of sound that is being recorded. A file that cannot be ' +
      'read is named on standard error, the others are tagged, and the exit status is 1.',
  ],
  operands: audioOperands,
  options: {
    model: modelOption,
    top: {
      value: 'N',
      is: count,
      default: 5,
      help: 'classes printed for a chunk, or with --stream',
    },
    'chunk-seconds': {
      value: 'S',
      is: amount,
      shown: "10, or the model's input length where that is less",
      help: 'length of a chunk',
    },
    ...eventOptions,
    channels: channelsOption,
    json: {
      help:
        'print one line of JSON for each file, times in seconds: {"formatVersion": 1, "file", ' +
        '"chunks": [{"start", "end", "tags": [{"label", "probability"}]}]}; over time, one for ' +
        'each event or window',
    },
  },
  examples: [
    'ced tag recording.wav --model teachers/ced-base',
    'ced tag recordings/ --model runs/mine/students/mini --top 3 --json',
    'ced tag day.flac --model runs/mine --window 2 --hop 0.5 --format audacity > day.txt',
    'arecord -f S16_LE -r 16000 | ced tag - --model runs/mine --stream',
  ],
  notes: [
    'Over time a class is present from the first window to the last that reaches its threshold, ' +
      'after the median filter; a window counts for the time around its centre. An event is ' +
      'printed when it has ended, with the highest probability of its windows. Memory does not ' +
      'grow with the recording. Audacity labels and subtitles are of one recording.',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) => await line.run(argv, tagFiles),
};

type Parsed = NonNullable<ReturnType<typeof line.parse>>;

async function tagFiles({ values, operands }: Parsed): Promise<number> {
  const settings = eventSettings(values, operands);
  const files = await listAudio(operands);
  return settings === null
    ? await tagInChunks(files, values)
    : await tagEvents(files, values.model, settings);
}

async function tagEvents(
  files: readonly ListedFile[],
  model: string,
  settings: EventSettings,
): Promise<number> {
  const format = eventFormats[settings.format];
  if (files.length > 1 && (format.isOfOneRecording || settings.isStream))
    throw new UsageError(
      `${settings.isStream ? '--stream' : `--format ${settings.format}`} takes one recording, ` +
        `got ${files.length}`,
    );
  const { config, weights, thresholds: fitted } = await readTaggingModel(model);
  refuseTooShort('window', settings.windowSeconds, config);
  const thresholds = thresholdsOf(settings.threshold, fitted, config.outputdim);
  const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
  try {
    if (format.head !== '') await print(format.head);
    return await eachRecording(files, settings.raw, (input, reading) =>
      tagOverTime(input, { predictor, settings, thresholds, ...reading }),
    );
  } finally {
    predictor.dispose();
  }
}

async function tagInChunks(
  files: readonly ListedFile[],
  values: Parsed['values'],
): Promise<number> {
  const { config, weights } = await readModelFolder(values.model);
  const chunkSeconds = values['chunk-seconds'] ?? defaultChunkSeconds(config);
  refuseTooShort('chunk-seconds', chunkSeconds, config);
  const predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
  const show = progress(files.length);
  let failures = 0;
  try {
    for (const [index, { file, fault }] of files.entries()) {
      show(index);
      try {
        if (fault) throw fault;
        if (file !== '-') await requireRegular(file);
        const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
        const { channels = 'mix' } = values;
        const pcm = await decodeClip(() => [bytes], file, { channels });
        const chunks = tagAudio(predictor, pcm, { chunkSeconds, top: values.top });
        show(null);
        await print(values.json ? asJson(file, chunks) : asText(file, chunks));
      } catch (error) {
        if (isClosedOutput(error)) return 0;
        if (error instanceof OutputFailed) throw error;
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

function asJson(file: string, chunks: TaggedChunk[]): string {
  const tagged: TaggedFile = { formatVersion: 1, file, chunks };
  return `${JSON.stringify(tagged)}\n`;
}

function asText(file: string, chunks: readonly TaggedChunk[]): string {
  const lines = chunks.flatMap(({ start, end, tags }) => [
    `  ${span(start, end)}`,
    ...tags.map(({ label, probability }) => `    ${probability.toFixed(3)}  ${oneLine(label)}`),
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
