/**
 * `npm run own-classes`: what a general teacher's checkpoint is worth for classes of one's own
 * (examples/own-classes). The same command resumes it.
 */
import { runProgram } from '../../cli/failure';
import { alignedTable } from '../../cli/aligned-table';
import { commandLine } from '../../infra/command-line/command-line';
import { count, port, someOf } from '../../infra/command-line/option';
import { repositoryRoot } from '../../infra/toolchain';
import { resultOf } from '../study/arm-run';
import { conduct } from '../study/conduct';
import { summarise } from '../study/statistics';
import { studentArm, teacherArm, type Draw, type Start } from './arms';
import { trainTable, writeTables } from './tables';

const CLIPS = ['5', '20', '100'] as const;
const STARTS: readonly Start[] = ['checkpoint', 'scratch'];
/** Of every run's name: an arm has its own seed in it. */
const ONLY_SEED = 1;

const line = commandLine({
  program: 'npm run own-classes',
  usage: '[options]',
  about: [
    'Trains a teacher of seven new classes on few labelled clips, from the checkpoint of a ' +
      'general teacher and from random weights, and distils each into a student of a third of ' +
      'its size from unlabelled audio. Prints the table of examples/own-classes. Finished runs ' +
      'are in runs/study and are not repeated: the same command resumes it.',
  ],
  options: {
    clips: {
      value: 'N,…',
      is: someOf(...CLIPS),
      default: [...CLIPS],
      shown: 'all',
      help: `labelled clips of each class: ${CLIPS.join(', ')}`,
    },
    seeds: { value: 'N', is: count, default: 3, help: 'draws of labelled clips' },
    minutes: { value: 'N', is: count, default: 240, help: 'start no run after this many minutes' },
    short: { help: 'a tenth of the steps: to see that it works, not for its scores' },
    port: { value: 'N', is: port, default: 7245, help: 'port of the Temporal server' },
    'table-only': { help: 'only print the table of the finished runs' },
  },
  examples: ['npm run own-classes', 'npm run own-classes -- --clips 5 --seeds 1 --short'],
});

runProgram(async (argv) => await line.run(argv, ownClasses));

async function ownClasses({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const root = repositoryRoot;
  const seeds = Array.from({ length: values.seeds }, (_, index) => index + 1);
  const counts = CLIPS.filter((each) => values.clips.includes(each)).map(Number);
  const sizes = writeTables(root, counts, seeds);
  const draws = counts.flatMap((clipsPerClass) =>
    seeds.map((seed): Draw => {
      const clips = sizes.get(trainTable(clipsPerClass, seed)) ?? 0;
      return { clipsPerClass, seed, clips, isShort: values.short };
    }),
  );
  const runs = draws.flatMap((draw) =>
    STARTS.flatMap((start) =>
      [teacherArm(draw, start), studentArm(draw, start)].map((arm) => ({ arm, seed: ONLY_SEED })),
    ),
  );
  const { port: serverPort, minutes } = values;
  const outcome = values['table-only']
    ? { failed: 0 }
    : await conduct(runs, { root, port: serverPort, minutes, lanes: 1 }, () => Promise.resolve());
  process.stdout.write(`\n${resultLines(root, draws).join('\n')}\n`);
  return outcome.failed > 0 ? 1 : 0;
}

function resultLines(root: string, draws: readonly Draw[]): string[] {
  const head = ['clips a class', 'labelled clips', ...STARTS.flatMap((start) => heads(start))];
  const rows = [...new Set(draws.map(({ clipsPerClass }) => clipsPerClass))].map(
    (clipsPerClass) => {
      const ofRow = draws.filter((draw) => draw.clipsPerClass === clipsPerClass);
      const clips = ofRow.reduce((sum, draw) => sum + draw.clips, 0) / ofRow.length;
      return [
        String(clipsPerClass),
        clips.toFixed(0),
        ...STARTS.flatMap((start) =>
          [teacherArm, studentArm].map((arm) =>
            cell(
              ofRow.map((draw) => resultOf(root, arm(draw, start), ONLY_SEED)?.students[0]?.mAP),
            ),
          ),
        ),
      ];
    },
  );
  return ['Macro mAP on eval; ± is the deviation over draws.', ''].concat(
    alignedTable([head, ...rows], () => true),
  );
}

function heads(start: Start): string[] {
  return [`teacher from ${start}`, 'its student'];
}

/** `0.412 ± 0.013`, and of how many draws where some are missing. */
function cell(values: readonly (number | null | undefined)[]): string {
  const scores = values.flatMap((value) => value ?? []);
  if (scores.length === 0) return '–';
  const { mean, deviation } = summarise(scores);
  const spread = deviation === null ? '' : ` ± ${deviation.toFixed(3)}`;
  const missing = scores.length < values.length ? ` (${scores.length})` : '';
  return `${mean.toFixed(3)}${spread}${missing}`;
}
