/** `ced tag` over time: events, or the classes of each window while the audio is recorded. */
import type { AudioWindow } from '../../../ced/audio/sliding-windows';
import { sampleRate } from '../../../ced/audio/mono16k';
import { EventDetector, type SoundEvent } from '../../../ced/events/event-detector';
import { StartOrder } from '../../../ced/events/start-order';
import { chosenThresholds, type Thresholds } from '../../../ced/metrics/thresholds';
import { labelOf, topTags } from '../../../ced/metrics/top-tags';
import { shortestClipSamples } from '../../../ced/model/pieces';
import type { Predictor } from '../../../ced/model/predictor';
import { UsageError } from '../../../infra/command-line/usage-error';
import { oneLine } from '../../one-line';
import { print } from '../../standard-output';
import type { AudioInput } from '../audio/audio-input';
import { joinedWindows, readWindows } from '../audio/audio-windows';
import type { TaggedWindow } from '../models-output';
import { eventFormats, span } from './event-formats';
import type { EventSettings, ThresholdChoice } from './event-options';

/** Where the model states none: more likely present than not. */
const DEFAULT_THRESHOLD = 0.5;
/** Windows in a batch; each batch size is a graph of its own. */
const BATCH = 8;
/** Cues wait for an event that began earlier, and a sound may go on all day. */
const LONGEST_CUE_SECONDS = 60;

/** @throws {UsageError} when the model has no thresholds to choose from */
export function thresholdsOf(
  choice: ThresholdChoice | null,
  fitted: Thresholds | null,
  classes: number,
): (number | null)[] {
  const chosen = choice ?? (fitted ? 'bestF1' : DEFAULT_THRESHOLD);
  if (typeof chosen === 'number') return Array.from({ length: classes }, () => chosen);
  if (fitted === null)
    throw new UsageError(
      "--threshold: the model's folder has no thresholds.json, expected a probability",
    );
  return chosenThresholds(fitted, chosen);
}

export interface Tagging {
  readonly predictor: Predictor;
  readonly settings: EventSettings;
  /** [classes], null = never present. */
  readonly thresholds: readonly (number | null)[];
  readonly signal: AbortSignal;
  /** Called after each batch. @param seconds tagged of this recording */
  readonly onProgress: (seconds: number) => void;
  /** Called before output. */
  readonly onOutput: () => void;
}

/** @throws as `readWindows`, and as `print` once its reader has gone */
export async function tagOverTime(input: AudioInput, tagging: Tagging): Promise<void> {
  if (tagging.settings.isStream) await printWindows(input, tagging);
  else await printEvents(input, tagging);
}

async function printEvents(input: AudioInput, tagging: Tagging): Promise<void> {
  const { predictor, settings, thresholds, onOutput } = tagging;
  const format = eventFormats[settings.format];
  const detector = new EventDetector({
    thresholds,
    median: settings.median,
    longestSamples: format.isSorted ? LONGEST_CUE_SECONDS * sampleRate : Infinity,
  });
  const order = new StartOrder();
  let isBegun = false;
  const write = async (ended: readonly SoundEvent[]): Promise<void> => {
    const ready = format.isSorted ? order.push(ended, detector.earliestOpen) : ended;
    const lines = ready.map(({ start, end, classIndex, probability }) =>
      format.event({
        file: input.name,
        start: start / sampleRate,
        end: end / sampleRate,
        label: labelOf(predictor.config.id2label, classIndex),
        probability,
      }),
    );
    const text = `${isBegun ? '' : format.begin(input.name)}${lines.join('')}`;
    isBegun = true;
    if (text === '') return;
    onOutput();
    await print(text);
  };
  const samples = await scoredWindows(input, tagging, async (window, scores) => {
    const place = { start: window.start, length: window.pcm.length };
    await write(detector.push(place, scores));
  });
  await write(detector.end(samples));
}

async function printWindows(input: AudioInput, tagging: Tagging): Promise<void> {
  const { predictor, settings, thresholds, onOutput } = tagging;
  const { config } = predictor;
  warmUp(predictor, Math.round(settings.windowSeconds * sampleRate));
  await scoredWindows(input, tagging, async ({ start: at, pcm }, scores) => {
    const [start, end] = [at / sampleRate, (at + pcm.length) / sampleRate];
    const tags = topTags(scores, config.id2label, settings.top)
      .filter(
        ({ index, probability }) =>
          settings.threshold === null || probability >= (thresholds[index] ?? Infinity),
      )
      .map(({ label, probability }) => ({ label, probability }));
    const words = tags.map(
      ({ label, probability }) => `${probability.toFixed(3)} ${oneLine(label)}`,
    );
    const window: TaggedWindow = { formatVersion: 1, file: input.name, start, end, tags };
    onOutput();
    await print(
      settings.format === 'jsonl'
        ? `${JSON.stringify(window)}\n`
        : `${span(start, end)}  ${words.join('  ') || '–'}\n`,
    );
  });
}

/** Functions are traced before the first window, which is due at once. */
function warmUp(predictor: Predictor, samples: number): void {
  predictor.probabilities({ pcm: new Int16Array(samples), batch: 1, samples, masks: null });
}

/** @returns samples of the recording */
async function scoredWindows(
  input: AudioInput,
  { predictor, settings, signal, onProgress }: Tagging,
  use: (window: AudioWindow, scores: Float32Array) => Promise<void>,
): Promise<number> {
  const classes = predictor.config.outputdim;
  const windowSamples = Math.round(settings.windowSeconds * sampleRate);
  const reading = {
    windowSamples,
    hopSamples: Math.round(settings.hopSeconds * sampleRate),
    shortest: shortestClipSamples(predictor.config),
    channels: settings.channels,
    isLive: settings.isStream,
    batch: BATCH,
    signal,
  };
  return await readWindows(input, reading, async (windows) => {
    const { pcm, samples } = joinedWindows(windows);
    const scores = predictor.probabilities({
      pcm,
      batch: windows.length,
      samples,
      // A recording shorter than a window has a length of its own.
      lengths: samples === windowSamples ? undefined : Int32Array.of(samples),
      masks: null,
    });
    for (const [row, window] of windows.entries())
      await use(window, scores.slice(row * classes, (row + 1) * classes));
    onProgress((windows.at(-1)!.start + samples) / sampleRate);
  });
}
