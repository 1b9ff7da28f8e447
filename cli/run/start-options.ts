/** Options of `npm start` and `npm run teach`, which differ in what they start by default. */
import { join } from 'node:path';
import { commandLine } from '../../infra/command-line/command-line';
import { oneOf, port, text, type Values } from '../../infra/command-line/option';
import { isInstalled, repositoryRoot } from '../../infra/package-root';
import { shortPath } from '../short-path';
import type { WorkflowType } from './run-file';

export interface StartOptions {
  type: WorkflowType;
  /** As given. */
  runFile: string;
  /** null = the run file's name. */
  workflowId: string | null;
  port: number;
  /** any = the usual one, or a free one where that is taken; null = no web interface. */
  uiPort: number | 'any' | null;
  workers: boolean;
  keep: boolean;
  json: boolean;
}

/** The package has one teacher of the demo's three: all of them are 5 MB. */
const DEMO_RUN = isInstalled
  ? shortPath(join(repositoryRoot, 'examples', 'installed', 'distill.json'))
  : 'examples/instruments/distill.json';
export const TEACH_RUN = 'examples/instruments/teach.json';

const shared = {
  'workflow-id': {
    value: 'ID',
    is: text,
    shown: "the run file's name",
    help: 'workflow to start, or to resume if it is open',
  },
  port: {
    value: 'N',
    is: port,
    default: 7233,
    help: 'port of the Temporal server; a server that answers there is used',
  },
  'ui-port': {
    value: 'N',
    is: port,
    shown: '8233, or a free one where that is taken',
    help: "port of Temporal's web interface, on loopback only",
  },
  'no-ui': { help: 'no web interface' },
  'no-workers': { help: 'start no workers: yours run elsewhere (npm run worker -- --help)' },
  keep: {
    help: 'leave server and workers running at the end, also of a run that failed, until Ctrl-C',
  },
  json: {
    help: 'print only the result on standard output, as JSON; live lines go to standard error',
  },
} as const;

const startLine = commandLine({
  program: 'npm start',
  usage: '[options]',
  about: [
    'Starts a Temporal server and two workers on this machine, starts a run through the Temporal ' +
      'CLI, shows it live and prints its results. Ctrl-C stops everything after the step in ' +
      'progress; the same command resumes. Results that are in the store are not computed again.',
  ],
  options: {
    run: {
      value: 'FILE',
      is: text,
      default: DEMO_RUN,
      help: 'run file; its relative paths start from the folder of the clone or project',
    },
    type: {
      value: 'TYPE',
      is: oneOf('distill', 'retrain', 'teach'),
      default: 'distill',
      help:
        'workflow to start: teach trains teachers from labels, retrain distils only if clips, ' +
        'teachers or settings are new',
    },
    ...shared,
  },
  examples: [
    'npm start',
    'npm start -- --run mine.json --no-ui',
    'npm start -- --run teach.json --type teach --json',
  ],
  notes: ["Logs and the server's state are in runs/, results in the run file's store."],
});

const teachLine = commandLine({
  program: 'npm run teach',
  usage: '[options]',
  about: [
    "Trains the demo's three teachers from labelled clips, like `npm start -- --type teach`, and " +
      'copies them with their scores into a folder. Renders the clips first (12,000 of 4 s, ' +
      '1.6 GB in the cache). Ctrl-C stops it; the same command resumes.',
  ],
  options: {
    run: { value: 'FILE', is: text, default: TEACH_RUN, help: 'run file' },
    out: {
      value: 'DIR',
      is: text,
      shown: "the demo's examples/instruments/teachers, else the run's store with -teachers behind",
      help: 'folder for the models',
    },
    ...shared,
  },
  examples: ['npm run teach', 'npm run teach -- --run teach.json --out teachers'],
});

export const START_HELP = startLine.help;
export const TEACH_HELP = teachLine.help;
export const START_SPEC = startLine.spec;
export const TEACH_SPEC = teachLine.spec;

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseStartOptions(argv: readonly string[]): StartOptions | null {
  const parsed = startLine.parse(argv);
  if (parsed === null) return null;
  const { run, type, ...values } = parsed.values;
  return { type, runFile: run, ...sharedOptions(values) };
}

/** @returns null for --help. @throws one line that names the option and what is expected */
export function parseTeachOptions(
  argv: readonly string[],
): (StartOptions & { out: string | null }) | null {
  const parsed = teachLine.parse(argv);
  if (parsed === null) return null;
  const { run, out, ...values } = parsed.values;
  return { type: 'teach', out: out ?? null, runFile: run, ...sharedOptions(values) };
}

function sharedOptions(values: Values<typeof shared>): Omit<StartOptions, 'type' | 'runFile'> {
  return {
    workflowId: values['workflow-id'] ?? null,
    port: values.port,
    uiPort: values['no-ui'] ? null : (values['ui-port'] ?? 'any'),
    workers: !values['no-workers'],
    keep: values.keep,
    json: values.json,
  };
}
