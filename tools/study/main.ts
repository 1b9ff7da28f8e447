/**
 * `npm run study`: the paper's questions on audio that anyone can have, as ordinary runs; goes on
 * where it stopped.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFailure, UsageError } from '../../cli/failure';
import { repositoryRoot } from '../../infra/toolchain';
import { order, resultOf } from './arm-run';
import { conduct } from './conduct';
import { prepareCorpora } from './corpora';
import { publish } from './publish';
import { questions } from './questions';

const all = questions('').map(({ id }) => id);

const help = `npm run study [-- options]

Runs what docs/results.md compares, on a Temporal server and workers of its own, and writes that page after each of them.
Finished runs are found in the store (runs/study) and not repeated: stop it whenever you like, the same command goes on.

  --questions Q,…   ${all.join(', ')} (default all)
  --seeds N         seeds of each arm (default 3)
  --minutes N       start no run after so many minutes (default 240; all of it takes about that on 2 cores)
  --teachers DIR    the two networks of the last question (default ../shared/teachers): the checkpoints MTT_musicnn and MTT_vgg of the \`musicnn\` package
                    (0.1.0 on PyPI) as wave_MTT_musicnn.onnx and wave_MTT_vgg.onnx, waveform in, with mtt_labels.csv; without them it is left out
  --lanes N         runs at once, on as many GPU workers that share the cores (default 1 for each core, at most 4)
  --port N          of the Temporal server (default 7244)
  --list            what would be run, and what has been
  --write-only      only write the page from what there is
  --help            this text`;

const options = {
  questions: { type: 'string', default: all.join(',') },
  seeds: { type: 'string', default: '3' },
  minutes: { type: 'string', default: '240' },
  teachers: { type: 'string', default: '../shared/teachers' },
  lanes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
  port: { type: 'string', default: '7244' },
  list: { type: 'boolean' },
  'write-only': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function study(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  if (values.help) return console.log(help);
  const asked = values.questions.split(',');
  for (const id of asked)
    if (!all.includes(id)) throw new UsageError(`--questions ${id}: expected ${all.join(', ')}`);
  const [seedCount, minutes] = [above0('seeds', values.seeds), above0('minutes', values.minutes)];
  const [lanes, port] = [above0('lanes', values.lanes), above0('port', values.port)];
  const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
  const root = repositoryRoot;
  const hasNetworks = existsSync(join(root, values.teachers, 'wave_MTT_musicnn.onnx'));
  const possible = questions(values.teachers).filter(({ id }) => hasNetworks || id !== 'foreign');
  const leftOut = hasNetworks
    ? []
    : [
        `teachers that nobody here trained (no networks in ${values.teachers}; \`npm run study -- --help\` says where they are from)`,
      ];
  const runs = order(
    possible.filter(({ id }) => asked.includes(id)),
    seeds,
  );
  if (values.list) return list(root, runs);
  await prepareCorpora(root, asked.includes('audio') && !values['write-only']);
  const write = (): Promise<void> => publish({ root, seeds, questions: possible, leftOut });
  const outcome = values['write-only']
    ? { failed: 0, complete: true }
    : await conduct(runs, { root, port, minutes, lanes }, write);
  await write();
  console.log(
    `docs/results.md is written${outcome.complete ? '' : '; the same command runs what is missing'}`,
  );
  if (outcome.failed > 0) process.exitCode = 1;
}

function list(root: string, runs: ReturnType<typeof order>): void {
  for (const { arm, seed } of runs)
    console.log(
      `${resultOf(root, arm, seed) === null ? 'missing' : 'done   '}  ${arm.id} seed ${seed}: ${arm.label}`,
    );
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${option} ${text}: expected a whole number above 0`);
  return value;
}

study(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`error: ${describeFailure(error)}\n`);
    process.exit(1);
  },
);
