/** Options of `npm start` and `npm run teach`, which differ in what they start by default. */
import { parseArgs } from 'node:util';
import { UsageError } from '../failure';
import type { WorkflowType } from './run-file';

export interface StartOptions {
  type: WorkflowType;
  /** As given. */
  runFile: string;
  /** null = the run file's name. */
  workflowId: string | null;
  port: number;
  uiPort: number | null;
  workers: boolean;
  keep: boolean;
  json: boolean;
}

export const START_HELP = `npm start [-- options]

Starts a Temporal server and two workers on this machine, starts a run through the Temporal CLI, shows it live and ends with its results.
Ctrl-C stops everything after the step in progress; the same command goes on where it was. What the store holds is never computed again.

  --run FILE          run file (default examples/instruments/distill.json; its paths start from the repository's root)
  --type TYPE         distill, teach for a run file that trains teachers from labels, or retrain, which does nothing when nothing is new
                      (default distill)
  --workflow-id ID    workflow to start or go on with (default: the run file's name)
  --port N            port of the Temporal server, used as it is when one answers there (default 7233)
  --ui-port N         also start Temporal's web interface on this port
  --no-workers        start no workers: yours run elsewhere (npm run worker -- --help)
  --keep              leave server and workers running at the end, until Ctrl-C
  --json              print only the result on standard output, as JSON; live lines go to standard error
  --help              this text

Logs and the server's state are in runs/, results below the run file's store.`;

export const TEACH_HELP = `npm run teach [-- options]

Trains the demo's three teachers from labelled clips, like \`npm start\` with examples/instruments/teach.json, and copies them, with their
scores, to examples/instruments/teachers/. Renders the clips first (12,000 of 4 s, 1.6 GB in the cache). Ctrl-C stops it, the same command goes on.

  --run FILE          run file (default examples/instruments/teach.json)
  --out DIR           where the models go (default examples/instruments/teachers)
  --workflow-id, --port, --ui-port, --no-workers, --keep, --json    as for npm start
  --help              this text`;

const shared = {
  run: { type: 'string' },
  'workflow-id': { type: 'string' },
  port: { type: 'string' },
  'ui-port': { type: 'string' },
  'no-workers': { type: 'boolean' },
  keep: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseStartOptions(argv: string[]): StartOptions | null {
  const { values } = parseArgs({ args: argv, options: { ...shared, type: { type: 'string' } } });
  if (values.help) return null;
  const type = values.type ?? 'distill';
  if (type !== 'distill' && type !== 'retrain' && type !== 'teach')
    throw new UsageError(`--type ${type}: expected distill, retrain or teach`);
  return { type, ...sharedOptions(values, 'examples/instruments/distill.json') };
}

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseTeachOptions(argv: string[]): (StartOptions & { out: string }) | null {
  const { values } = parseArgs({ args: argv, options: { ...shared, out: { type: 'string' } } });
  if (values.help) return null;
  return {
    type: 'teach',
    out: values.out ?? 'examples/instruments/teachers',
    ...sharedOptions(values, 'examples/instruments/teach.json'),
  };
}

interface SharedValues {
  run?: string;
  'workflow-id'?: string;
  port?: string;
  'ui-port'?: string;
  'no-workers'?: boolean;
  keep?: boolean;
  json?: boolean;
}

function sharedOptions(values: SharedValues, runFile: string): Omit<StartOptions, 'type'> {
  return {
    runFile: values.run ?? runFile,
    workflowId: values['workflow-id'] ?? null,
    port: portOf('--port', values.port ?? '7233'),
    uiPort: values['ui-port'] === undefined ? null : portOf('--ui-port', values['ui-port']),
    workers: values['no-workers'] !== true,
    keep: values.keep === true,
    json: values.json === true,
  };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`${option} ${text}: expected a port between 1 and 65535`);
  return port;
}
