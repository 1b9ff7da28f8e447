/**
 * `npm run soak`: watches, for minutes, properties that must hold for days: a process that takes
 * many steps, and a process that is started and ended many times.
 */
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { count } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { soakStarts } from './starts';
import { soakSteps } from './steps';

const DEFAULT_STEPS = 10_000;

const line = commandLine({
  program: 'npm run soak',
  usage: '[options]',
  about: [
    'Trains a small model and watches its tensors and its resident memory; or, with --starts, ' +
      'starts the engine process again and again, each time to train the same small model, and ' +
      'compares the bytes. Exit status 1 when tensors, memory or bytes differ.',
  ],
  options: {
    steps: {
      value: 'N',
      is: count,
      shown: `${DEFAULT_STEPS}, about 6 minutes on two cores`,
      help: 'optimizer steps in one process',
    },
    starts: {
      value: 'N',
      is: count,
      help: 'starts of the engine process instead, each at the size of the demo',
    },
  },
  examples: ['npm run soak', 'npm run soak -- --starts 200'],
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values: { steps, starts } }) => {
      if (steps !== undefined && starts !== undefined)
        throw new UsageError('--steps and --starts are two soaks: give one of them');
      const passed =
        starts === undefined
          ? soakSteps(steps ?? DEFAULT_STEPS, print)
          : await soakStarts(starts, print);
      return passed ? 0 : 1;
    }),
);
