/** Options of `npm run schedule`. docs/operate.md gives the reasons for the defaults. */
import { commandLine } from '../../infra/command-line/command-line';
import { text, textOf, type Kind } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { temporalOptions } from '../../workers/temporal-settings';

export interface ScheduleOptions {
  /** As given. */
  runFile: string;
  /** Of the schedule; its workflows add a time stamp to it. null = the run file's name. */
  id: string | null;
  everySeconds: number;
  /** Seconds after the start of the interval; intervals count from 1970 in UTC. */
  offsetSeconds: number;
  jitterSeconds: number;
  /**
   * undefined = the environment or Temporal's profile file gives it, to the Temporal CLI as to this
   * command.
   */
  address: string | undefined;
  namespace: string | undefined;
  show: boolean;
}

const LONGEST_JITTER_SECONDS = 600;
const UNITS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

const duration: Kind<number> = {
  expected: 'a duration in d, h, m and s, for example 24h or 90m',
  parse: parseDuration,
};

const line = commandLine({
  program: 'npm run schedule',
  usage: 'create RUN-FILE --every INTERVAL [options]',
  about: [
    'Creates a Temporal schedule that starts the workflow retrain with this run file at every ' +
      'interval, and prints the Temporal CLI command that does the same. Repeating the command ' +
      'changes nothing; with another interval or a changed run file it updates the schedule, ' +
      'which stays paused if it was.',
  ],
  operands: {
    rows: { 'create RUN-FILE': 'the run file of the workflow retrain' },
    expected: 'create and one run file',
    least: 2,
    most: 2,
  },
  options: {
    every: {
      value: 'INTERVAL',
      is: textOf('an interval, for example 24h'),
      required: true,
      help:
        '24h, 90m, or 24h/3h: every 24 hours, three hours after the start of the interval ' +
        '(midnight UTC for whole days)',
    },
    jitter: {
      value: 'DURATION',
      is: duration,
      shown: 'a tenth of the interval, at most 10m',
      help: 'delays each start by a random time of at most this',
    },
    id: {
      value: 'ID',
      is: text,
      shown: "the run file's name",
      help: 'id of the schedule; its workflows add a time stamp to it',
    },
    ...temporalOptions,
    show: { help: 'print the Temporal CLI command and change nothing' },
  },
  examples: [
    'npm run schedule -- create nightly.json --every 24h',
    'npm run schedule -- create nightly.json --every 24h/3h --jitter 0s --show',
  ],
  notes: [
    'A firing during a run waits for it; at most one waits (BufferOne). A failed run pauses the ' +
      'schedule and notes the reason. After an outage, firings missed within the last hour are ' +
      "made up for. Relative paths in the run file start from the workers' --root. Use the " +
      'Temporal CLI for everything else: temporal schedule describe, trigger, toggle, backfill, ' +
      'delete; see docs/operate.md.',
  ],
});

export const SCHEDULE_HELP = line.help;
export const SCHEDULE_SPEC = line.spec;

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseScheduleOptions(argv: readonly string[]): ScheduleOptions | null {
  const parsed = line.parse(argv);
  if (parsed === null) return null;
  const { values, operands } = parsed;
  const [verb, runFile = ''] = operands;
  if (verb !== 'create') throw line.misused('create and one run file');
  const [every = '', offset] = values.every.split('/');
  const everySeconds = secondsOf('--every', every);
  if (everySeconds === 0)
    throw new UsageError(`--every ${values.every}: expected an interval above 0`);
  return {
    runFile,
    id: values.id ?? null,
    everySeconds,
    offsetSeconds: offset === undefined ? 0 : secondsOf('--every', offset),
    jitterSeconds: values.jitter ?? Math.min(LONGEST_JITTER_SECONDS, Math.floor(everySeconds / 10)),
    address: values.address,
    namespace: values.namespace,
    show: values.show,
  };
}

/** `90m`, `1h30m`, `2d` as seconds. @returns undefined for any other text */
function parseDuration(given: string): number | undefined {
  const parts = [...given.matchAll(/(\d{1,9})([dhms])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== given) return undefined;
  return parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
    0,
  );
}

function secondsOf(option: string, given: string): number {
  const seconds = parseDuration(given);
  if (seconds === undefined)
    throw new UsageError(`${option} ${given}: expected ${duration.expected}`);
  return seconds;
}

/** The shortest form that the Temporal CLI reads: `24h`, `90m`, `10s`. */
export function durationText(seconds: number): string {
  if (seconds !== 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds !== 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
