/** The options of `ced tag` over time: what may be given together, and what they default to. */
import { amount, numberThat, oneOf, type Kind } from '../../../infra/command-line/option';
import { UsageError } from '../../../infra/command-line/usage-error';
import type { ChannelChoice } from '../../../ced/audio/channels';
import { refuseWindows } from '../audio/audio-windows';
import { rawFormat, rawOptions, type RawFormat, type RawValues } from '../audio/raw-samples';
import { EVENT_FORMATS, type EventFormatName } from './event-formats';

const WINDOW_SECONDS = 2;
const HOP_SECONDS = 0.5;
const MEDIAN_WINDOWS = 3;
/** As many rows of probabilities are held. */
const MOST_MEDIAN_WINDOWS = 9999;

/** A probability for all classes, or what the model's own thresholds are chosen for. */
export type ThresholdChoice = number | 'bestF1' | { readonly precision: number };

const thresholdKind: Kind<ThresholdChoice> = {
  expected: 'a probability between 0 and 1, f1, or precision:P with P between 0 and 1',
  parse: (given) => {
    if (given === 'f1') return 'bestF1';
    const stated = /^precision:(.+)$/.exec(given)?.[1];
    const value = Number(stated ?? given);
    if (given.trim() === '' || !(value >= 0 && value <= 1)) return undefined;
    return stated === undefined ? value : { precision: value };
  },
};

export const eventOptions = {
  window: {
    value: 'S',
    is: amount,
    shown: `${WINDOW_SECONDS} with --hop or --stream`,
    help: 'tag over time: print events, found in windows of S seconds',
  },
  hop: {
    value: 'S',
    is: amount,
    shown: `${HOP_SECONDS}, or the window where that is shorter`,
    help: 'seconds from one window to the next',
  },
  threshold: {
    value: 'T',
    is: thresholdKind,
    shown: "f1 where the model's folder has thresholds.json, else 0.5",
    help:
      'a class is present at or above T: a probability, f1 (the threshold of each class with the ' +
      'best F1 on validation) or precision:P (the one that reached precision P)',
  },
  median: {
    value: 'N',
    is: numberThat((value) => value > 0 && value % 2 === 1, 'an odd number of windows'),
    shown: String(MEDIAN_WINDOWS),
    help: 'median filter over N windows before the threshold; 1 = none',
  },
  format: {
    value: 'FORMAT',
    is: oneOf(...EVENT_FORMATS),
    shown: 'text',
    help: 'of events: text, jsonl, csv, audacity (labels) or vtt (subtitles)',
  },
  stream: {
    help:
      'print the classes of each window as soon as its last sample has come, up to --top of ' +
      'them; those under --threshold are left out if it is given. Ctrl-C ends it',
  },
  ...rawOptions,
} as const;

export interface EventSettings {
  readonly windowSeconds: number;
  readonly hopSeconds: number;
  /** null = the default. */
  readonly threshold: ThresholdChoice | null;
  /** In windows, odd. */
  readonly median: number;
  readonly format: EventFormatName;
  readonly isStream: boolean;
  readonly raw: RawFormat | null;
  readonly channels: ChannelChoice;
  /** Classes of a window that is printed. */
  readonly top: number;
}

type Given = RawValues & {
  readonly window: number | undefined;
  readonly hop: number | undefined;
  readonly threshold: ThresholdChoice | undefined;
  readonly median: number | undefined;
  readonly format: EventFormatName | undefined;
  readonly stream: boolean;
  readonly json: boolean;
  readonly top: number;
  readonly channels: ChannelChoice | undefined;
  readonly 'chunk-seconds': number | undefined;
};

/**
 * @returns null where chunks are wanted and not windows
 * @throws {UsageError} on options that do not go together
 */
export function eventSettings(given: Given, operands: readonly string[]): EventSettings | null {
  const isOverTime = given.stream || given.window !== undefined || given.hop !== undefined;
  if (!isOverTime) {
    for (const name of ['threshold', 'median', 'format', 'raw'] as const)
      if (given[name] !== undefined)
        throw new UsageError(`--${name} goes with --window, --hop or --stream`);
    return null;
  }
  if (given['chunk-seconds'] !== undefined)
    throw new UsageError('--chunk-seconds cuts chunks end to end: give it or --window');
  const raw = rawFormat(given, operands);
  const windowSeconds = given.window ?? WINDOW_SECONDS;
  const hopSeconds = given.hop ?? Math.min(HOP_SECONDS, windowSeconds);
  refuseWindows(windowSeconds, hopSeconds);
  return {
    windowSeconds,
    hopSeconds,
    threshold: given.threshold ?? null,
    median: medianOf(given),
    format: formatOf(given),
    isStream: given.stream,
    raw,
    channels: given.channels ?? 'mix',
    top: given.top,
  };
}

function medianOf({ median, stream }: Given): number {
  if (stream && median !== undefined)
    throw new UsageError('--median waits for the windows to come: leave it out, or --stream');
  if (median !== undefined && median > MOST_MEDIAN_WINDOWS)
    throw new UsageError(`--median ${median}: expected at most ${MOST_MEDIAN_WINDOWS} windows`);
  return median ?? MEDIAN_WINDOWS;
}

function formatOf({ format, json, stream }: Given): EventFormatName {
  if (json && format !== undefined && format !== 'jsonl')
    throw new UsageError(`--json is --format jsonl: leave one of them out`);
  const chosen = json ? 'jsonl' : (format ?? 'text');
  if (stream && chosen !== 'text' && chosen !== 'jsonl')
    throw new UsageError(`--stream prints windows as text or jsonl, --format ${chosen} events`);
  return chosen;
}
