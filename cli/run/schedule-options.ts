/**
 * Options of `npm run schedule`, and the schedule they describe. Defaults are those a retraining
 * needs: see the reasons beside each.
 */
import { parseArgs } from 'node:util';
import { UsageError } from '../failure';

export interface ScheduleOptions {
  /** As given. */
  runFile: string;
  /** null = the run file's name; of the schedule, and of its workflows before their time stamp. */
  id: string | null;
  everySeconds: number;
  /** Seconds after the interval's own beat, which counts from 1970 in UTC. */
  offsetSeconds: number;
  jitterSeconds: number;
  /**
   * Of the server, where they were given: else the environment and its profile say, to the Temporal
   * CLI as to us.
   */
  address: string | undefined;
  namespace: string | undefined;
  show: boolean;
}

export const SCHEDULE_HELP = `npm run schedule -- create RUN-FILE --every INTERVAL [options]

Creates the Temporal schedule that starts the workflow retrain with this run file again and again, and shows the Temporal CLI line it equals.
The same command again changes nothing; with another interval or a changed run file it updates the schedule, which stays paused if it was.

  --every INTERVAL      24h, 90m, or 24h/3h: the same, three hours after the beat (which is midnight UTC for whole days)
  --jitter DURATION     each start is drawn from this long after its time (default: a tenth of the interval, at most 10m)
  --id ID               of the schedule and, before their time stamp, its workflows (default: the run file's name)
  --address HOST:PORT   Temporal server (default: TEMPORAL_ADDRESS or the profile of Temporal's own settings, else 127.0.0.1:7233)
  --namespace NAME      the same of its namespace
  --show                only show the line
  --help                this text

A firing that meets a running one waits, one at most (BufferOne). A failed run pauses the schedule and notes the reason. After an outage only what
was missed within the last hour is made up for: a run looks at the whole corpus anyway. Relative paths in the run file start from the workers'
--root. Everything else is the Temporal CLI's: temporal schedule describe, trigger, toggle, backfill, delete; see docs/operate.md.`;

const LONGEST_JITTER_SECONDS = 600;

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseScheduleOptions(argv: string[]): ScheduleOptions | null {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      every: { type: 'string' },
      jitter: { type: 'string' },
      id: { type: 'string' },
      address: { type: 'string' },
      namespace: { type: 'string' },
      show: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  const [what, runFile, ...rest] = positionals;
  if (what !== 'create' || runFile === undefined || rest.length > 0)
    throw new UsageError(
      'npm run schedule: expected create and one run file; see npm run schedule -- --help',
    );
  if (values.every === undefined)
    throw new UsageError('--every: nothing given, expected an interval, for example 24h');
  const [every = '', offset] = values.every.split('/');
  const everySeconds = secondsOf('--every', every);
  if (everySeconds === 0)
    throw new UsageError(`--every ${values.every}: expected more than nothing`);
  return {
    runFile,
    id: values.id ?? null,
    everySeconds,
    offsetSeconds: offset === undefined ? 0 : secondsOf('--every', offset),
    jitterSeconds:
      values.jitter === undefined
        ? Math.min(LONGEST_JITTER_SECONDS, Math.floor(everySeconds / 10))
        : secondsOf('--jitter', values.jitter),
    address: values.address,
    namespace: values.namespace,
    show: values.show === true,
  };
}

const UNITS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** `90m`, `1h30m`, `2d`. */
function secondsOf(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+)([dhms])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new UsageError(
      `${option} ${text}: expected a duration in d, h, m and s, for example 24h or 90m`,
    );
  return parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
    0,
  );
}

/** The shortest way to write it that the Temporal CLI reads: `24h`, `90m`, `10s`. */
export function durationText(seconds: number): string {
  if (seconds !== 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds !== 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
