/**
 * `npm run chaos`: draws faults and moments from a seed, injects them into a small run, and
 * compares the results byte for byte.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { count, text } from '../../infra/command-line/option';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { closedAtEnd } from './closed-at-end';
import { describe, drawTry, nameOf } from './draw';
import { FAULTS } from './faults';
import { arrivals } from './group/arrivals';
import { poorNetwork } from './group/poor-network';
import { groupSeries } from './group/series';
import { groupSizes } from './group/sizes';
import { Scene } from './scene';
import { Trial } from './trial';
import { runTry, type Outcome } from './try';

/** Of a series on groups. */
const GROUP_RUNS = 50;

const line = commandLine({
  program: 'npm run chaos',
  usage: '[options]',
  about: [
    'Starts a Temporal server, a storage server and workers, and injects one fault into a small ' +
      'run in each try (a process killed, frozen, terminated or out of memory, a server away, ' +
      'files damaged or exchanged, a full disk, a wrong clock, a run with hostile input beside ' +
      'it). Compares logit shards and student with those of an undisturbed run. The last line ' +
      'says "N of N identical"; the exit status agrees. The full disk is a tmpfs and the end of ' +
      'memory a cgroup: both need root.',
  ],
  options: {
    runs: {
      value: 'N',
      is: count,
      shown: `${FAULTS.length}, each fault once; of groups ${GROUP_RUNS}`,
      help: 'tries',
    },
    seed: {
      value: 'S',
      is: count,
      default: 7,
      help: 'fault and moment of a try are functions of the seed and of the try number',
    },
    fault: {
      value: 'F',
      is: text,
      default: '',
      shown: 'all',
      help: "only tries whose fault's name contains this",
    },
    lanes: {
      value: 'N',
      is: count,
      default: 1,
      help: 'pipelines at the same time; most tries wait for time-outs more than they compute',
    },
    group: {
      help:
        'instead, faults on trainings by two to four workers, in network namespaces, which need ' +
        'root; those of the network are left out by name where there can be none',
    },
    sizes: {
      help: 'instead, one training by one, two, three and four workers, and the hashes of each',
    },
    arrivals: {
      help: 'instead, one training whose workers come, are killed, told to go and frozen',
    },
    'poor-network': {
      help: 'instead, one training by two workers, between whom frames are delayed and lost',
    },
    out: {
      value: 'FILE',
      is: text,
      shown: 'runs/chaos-<seed>.jsonl',
      help: 'results, one JSON line for each try; tries in it are not repeated',
    },
  },
  examples: [
    'npm run chaos',
    'npm run chaos -- --group --runs 10 --seed 3',
    'npm run chaos -- --group --fault "two members" --runs 2',
    'npm run chaos -- --sizes',
    'npm run chaos -- --arrivals',
    'npm run chaos -- --runs 25 --seed 11 --lanes 2',
  ],
});

runProgram(async (argv) => await line.run(argv, chaos));

async function chaos({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const { seed } = values;
  if (values.group) {
    const { runs = GROUP_RUNS, fault } = values;
    return (await groupSeries(runs, seed, fault)) ? 0 : 1;
  }
  if (values.sizes) return (await groupSizes()) ? 0 : 1;
  if (values['poor-network']) return (await poorNetwork()) ? 0 : 1;
  if (values.arrivals) return (await arrivals()) ? 0 : 1;
  const { runs = FAULTS.length } = values;
  const out = resolve(values.out ?? join(repositoryRoot, 'runs', `chaos-${seed}.jsonl`));
  mkdirSync(dirname(out), { recursive: true });
  const wanted = Array.from({ length: runs }, (_, index) => index).filter((index) =>
    describe(drawTry(seed, index)).includes(values.fault),
  );
  const missing = wanted.filter(
    (index) => !read(out, seed, wanted).some((each) => each.try === index),
  );
  const lanes = Math.min(values.lanes, missing.length);
  await Promise.all(
    Array.from({ length: lanes }, () =>
      lane(missing, seed, (outcome) => {
        appendFileSync(out, `${JSON.stringify(outcome)}\n`);
        console.log(row(outcome));
      }),
    ),
  );
  const outcomes = read(out, seed, wanted).sort((a, b) => a.try - b.try);
  const identical = outcomes.filter((outcome) => outcome.identical).length;
  console.log(
    ['', ...HEAD, ...outcomes.map(row), '', `${identical} of ${wanted.length} identical`].join(
      '\n',
    ),
  );
  return identical === wanted.length ? 0 : 1;
}

/** A pipeline of its own, and tries on it until none is left. */
async function lane(
  missing: number[],
  seed: number,
  done: (outcome: Outcome) => void,
): Promise<void> {
  const opening = Scene.open();
  await closedAtEnd(
    async () => (await opening).close(),
    async () => tries(await opening, missing, seed, done),
  );
}

async function tries(
  scene: Scene,
  missing: number[],
  seed: number,
  done: (outcome: Outcome) => void,
): Promise<void> {
  const undisturbed = await Trial.start(scene, 'undisturbed');
  const result = (await undisturbed.handle.result()) as RunResult;
  const fault = await undisturbed.fault(result);
  if (fault !== null) throw new Error(`the undisturbed run: ${fault}`);
  const expected = await undisturbed.fingerprint(result);
  for (let index = missing.shift(); index !== undefined; index = missing.shift())
    done({
      seed,
      try: index,
      ...(await runTry(scene, drawTry(seed, index), `try-${index}`, expected)),
    });
}

/** Of the tries wanted, those that the file knows as they are drawn now. */
function read(out: string, seed: number, wanted: readonly number[]): Outcome[] {
  if (!existsSync(out)) return [];
  const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Outcome)
    .filter((each) => {
      if (each.seed !== seed || !wanted.includes(each.try)) return false;
      const drawn = drawTry(seed, each.try);
      return each.fault === describe(drawn) && each.moment === nameOf(drawn.moment);
    });
}

const HEAD = [
  '| try | fault | moment | recovery s | steps repeated | rows repeated | whole try s | result |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
];

function row(outcome: Outcome): string {
  const { recoverySeconds, stepsRepeated, rowsRepeated, seconds, why } = outcome;
  const cells = [
    outcome.try,
    outcome.fault,
    outcome.moment,
    recoverySeconds?.toFixed(1) ?? '–',
    stepsRepeated,
    rowsRepeated,
    seconds.toFixed(1),
    why ?? 'identical',
  ];
  return `| ${cells.join(' | ')} |`;
}
