/**
 * `npm run soak`: what must hold for days is watched for minutes: a process that takes many steps,
 * and a process that is started and ended many times.
 */
import { parseArgs } from 'node:util';
import { describeFailure, UsageError } from '../../cli/failure';
import { soakStarts } from './starts';
import { soakSteps } from './steps';

const help = `npm run soak [-- options]

Trains a small model and watches its tensors and its resident memory; or, with --starts, starts the engine's process again and again,
each time to train the same small model, of which every start must give the same bytes. Exits with 1 when anything else happens.

  --steps N    optimizer steps in one process (default 10000; about 6 minutes on two cores)
  --starts N   starts of the engine's process instead (200 take about 12 minutes on two cores)
  --help       this text`;

const options = {
  steps: { type: 'string' },
  starts: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function soak(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options });
  if (values.help) {
    print(help);
    return 0;
  }
  if (values.steps !== undefined && values.starts !== undefined)
    throw new UsageError('--steps and --starts are two soaks: give one of them');
  const sound =
    values.starts === undefined
      ? soakSteps(above0('steps', values.steps ?? '10000'), print)
      : await soakStarts(above0('starts', values.starts), print);
  return sound ? 0 : 1;
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${option} ${text}: expected a whole number above 0`);
  return value;
}

soak(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`error: ${describeFailure(error)}\n`);
    process.exitCode = 1;
  },
);
