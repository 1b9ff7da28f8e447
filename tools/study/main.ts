/**
 * `npm run study`: tests the paper's claims on audio that anyone can have, as ordinary runs. The
 * same command resumes it.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { count, port, someOf, text } from '../../infra/command-line/option';
import { repositoryRoot } from '../../infra/toolchain';
import { order, resultOf } from './arm-run';
import { conduct } from './conduct';
import { prepareCorpora } from './corpora';
import { publish } from './publish';
import { describePlan } from './plan-text';
import { planStudy } from './plan';
import { PEER, questions } from './questions';
import { prepareRealRecordings } from './real-questions';
import { LOOKS, MOST_SEEDS } from './sequential-test';
import { wantedBy } from './stopping';

const all = questions('').map(({ id }) => id);

const line = commandLine({
  program: 'npm run study',
  usage: '[options]',
  about: [
    'Runs the experiments of docs/results.md on a Temporal server and workers of its own, and ' +
      'writes that page after each of them. Finished runs are in the store (runs/study) and are ' +
      'not repeated: stop it at any time, and resume it with the same command.',
  ],
  options: {
    questions: {
      value: 'Q,…',
      is: someOf(...all),
      default: all,
      shown: 'all',
      help: all.join(', '),
    },
    seeds: {
      value: 'N',
      is: count,
      default: MOST_SEEDS,
      help:
        `most seeds of each arm: after ${LOOKS.join(', ')} of them a sequential test stops the ` +
        'arms that are decided',
    },
    minutes: {
      value: 'N',
      is: count,
      default: 240,
      help: 'start no run after this many minutes; --plan says what everything takes',
    },
    teachers: {
      value: 'DIR',
      is: text,
      default: '../shared/teachers',
      help:
        'the two networks of the last question: the checkpoints MTT_musicnn and MTT_vgg of the ' +
        '`musicnn` package (0.1.0 on PyPI) as wave_MTT_musicnn.onnx and wave_MTT_vgg.onnx, ' +
        'waveform in, with mtt_labels.csv; without them that question is left out',
    },
    lanes: {
      value: 'N',
      is: count,
      default: Math.min(4, availableParallelism()),
      shown: 'one for each core, at most 4',
      help: 'runs at the same time, each on its own GPU worker with its share of the cores',
    },
    port: { value: 'N', is: port, default: 7244, help: 'port of the Temporal server' },
    list: { help: 'list the runs, and which are finished or no longer needed' },
    plan: {
      help:
        'print how many seeds, steps and evaluation clips decide each question, and what they ' +
        'cost, from the spread of the seeds so far',
    },
    'write-only': { help: 'only write the page from the finished runs' },
  },
  examples: ['npm run study', 'npm run study -- --questions views,labels --seeds 5 --list'],
});

runProgram(async (argv) => await line.run(argv, study));

async function study({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const seeds = Array.from({ length: values.seeds }, (_, index) => index + 1);
  const root = repositoryRoot;
  const hasNetworks = existsSync(join(root, values.teachers, 'wave_MTT_musicnn.onnx'));
  const possible = questions(values.teachers).filter(({ id }) => hasNetworks || id !== 'foreign');
  const leftOut = hasNetworks
    ? []
    : [
        `teachers trained elsewhere (no networks in ${values.teachers}; ` +
          '`npm run study -- --help` says where they are from)',
      ];
  const asked = possible.filter(({ id }) => values.questions.includes(id));
  if (values.plan) {
    const plan = await planStudy(root, asked, seeds, possible);
    process.stdout.write(describePlan(plan, values.lanes));
    return 0;
  }
  const runs = order(asked, seeds);
  const isWanted = wantedBy(root, asked);
  if (values.list) {
    list(root, runs, isWanted);
    return 0;
  }
  const writeOnly = values['write-only'];
  await prepareCorpora(root, {
    more: values.questions.includes('audio') && !writeOnly,
    teach: runs.some(({ arm }) => arm.id === PEER) && !writeOnly,
  });
  if (!writeOnly) await prepareRealRecordings(root, asked);
  const write = (): Promise<void> => publish({ root, seeds, questions: possible, leftOut });
  const { port: serverPort, minutes, lanes } = values;
  const outcome = writeOnly
    ? { failed: 0, complete: true }
    : await conduct(runs, { root, port: serverPort, minutes, lanes, isWanted }, write);
  await write();
  const missing = outcome.complete ? '' : '; the same command runs what is missing';
  console.log(`docs/results.md is written${missing}`);
  return outcome.failed > 0 ? 1 : 0;
}

function list(
  root: string,
  runs: ReturnType<typeof order>,
  isWanted: ReturnType<typeof wantedBy>,
): void {
  for (const { arm, seed } of runs) {
    const isDone = resultOf(root, arm, seed) !== null;
    const state = isDone ? 'done     ' : isWanted(arm, seed) ? 'missing  ' : 'no longer';
    console.log(`${state}  ${arm.id} seed ${seed}: ${arm.label}`);
  }
}
