/**
 * `npm run chaos -- --group`: faults on groups of two to four workers, drawn from a seed. Each
 * training suffers several; at its end it must have the bytes of the same training by one worker.
 */
import { permutation } from '../../../ced/augment/random';
import { noHostsBecause, type Host, type Hosts } from '../../support/hosts';
import { GROUP_FAULTS, type GroupFault } from './faults';
import { GroupScene } from './scene';
import { GroupTraining } from './training';

const SIZES = [3, 4, 2] as const;
const FAULTS_EACH = 5;
/** Without a new step for so long after the end of a fault, a training hangs. */
const HANG_MS = 60_000;
/** Longer than a step of this model. */
const STEP_MS = 1500;
/** For dead workers to come again, and to be taken in. */
const WHOLE_MS = 240_000;
/** A worker that is frozen or cut off has its host beside its successor. */
const SPARE_HOSTS = 2;

interface Outcome {
  fault: string;
  size: number;
  /** The longest time without a step never taken, until the group was whole again. */
  recoverySeconds: number | null;
  stepsRepeated: number;
  why: string | null;
}

const HEAD = [
  '| fault | workers | recovery s | steps repeated | result |',
  '| --- | ---: | ---: | ---: | --- |',
];

/**
 * @param contained in the names of the faults to draw from
 * @returns whether all students were identical, and none hung
 */
export async function groupSeries(runs: number, seed: number, contained = ''): Promise<boolean> {
  const leftOut = noHostsBecause();
  const wanted = GROUP_FAULTS.filter(({ name }) => name.includes(contained));
  const faults = wanted.filter(({ isOfNetwork }) => leftOut === null || !isOfNetwork);
  for (const { name } of wanted.filter((fault) => !faults.includes(fault)))
    console.log(`left out: ${name} (${leftOut})`);
  if (faults.length === 0) throw new Error(`no fault of a group that is possible: ${contained}`);
  const most = Math.max(...SIZES) + SPARE_HOSTS;
  const placesOn = (hosts: Hosts): Host[] => Array.from({ length: most }, () => hosts.add());
  return await GroupScene.during(leftOut === null ? placesOn : null, (scene) =>
    seriesIn(scene, plan(faults, runs, seed)),
  );
}

async function seriesIn(scene: GroupScene, trainings: readonly Planned[]): Promise<boolean> {
  const outcomes: Outcome[] = [];
  for (const line of HEAD) console.log(line);
  let epoch = 0;
  for (const [index, { size, faults }] of trainings.entries()) {
    await scene.fill(size);
    const training = await GroupTraining.start(scene, `training-${index}`, size);
    const suffered: Outcome[] = [];
    try {
      for (const fault of faults) suffered.push(await suffer(scene, training, fault));
      epoch = await training.stop(epoch + 1);
      const found = await training.fingerprint();
      const stop = { store: 'alone', epoch };
      const alone = await GroupTraining.start(scene, `alone-${index}`, 1, { stop });
      if (found !== (await alone.fingerprint()))
        for (const outcome of suffered) outcome.why ??= 'other bytes';
    } catch (error) {
      for (const outcome of suffered) outcome.why = 'not compared';
      suffered.push(failed(faults[suffered.length], size, error as Error));
      await training.handle.terminate().catch(() => undefined);
      for (const worker of scene.workers) await scene.kill(worker);
    }
    for (const outcome of suffered) console.log(row(outcome));
    outcomes.push(...suffered);
  }
  const wanted = trainings.reduce((sum, { faults }) => sum + faults.length, 0);
  const identical = outcomes.filter(({ why }) => why === null).length;
  console.log(`\n${identical} of ${wanted} identical`);
  return identical === wanted;
}

/** @throws when it hangs */
async function suffer(
  scene: GroupScene,
  training: GroupTraining,
  fault: GroupFault,
): Promise<Outcome> {
  if (!fault.isFirst) await training.whole(WHOLE_MS);
  const repeated = training.stepsRepeated;
  const atMs = Date.now();
  const finish = await fault.happen(scene, training);
  // A step that is under way may still end.
  const countsFromMs = Date.now() + (finish ? STEP_MS : 0);
  const filled = scene.fill(training.size + (finish ? 1 : 0));
  filled.catch(() => undefined); // it is awaited below, unless the training hangs
  await training
    .eventually('no new step', HANG_MS + STEP_MS, () => training.newStepsSince(countsFromMs))
    .finally(() => finish?.()); // the next training needs its host, too
  await filled;
  await scene.fill(training.size);
  await training.whole(WHOLE_MS);
  return {
    ...{ fault: fault.name, size: training.size, why: null },
    recoverySeconds: training.longestPauseSeconds(atMs),
    stepsRepeated: training.stepsRepeated - repeated,
  };
}

function failed(fault: GroupFault | undefined, size: number, { message }: Error): Outcome {
  const name = fault?.name ?? 'the end of the training';
  return { fault: name, size, recoverySeconds: null, stepsRepeated: 0, why: message };
}

interface Planned {
  size: number;
  faults: GroupFault[];
}

/** Each fault about as often as any other; those of a first meeting begin a training. */
function plan(faults: readonly GroupFault[], runs: number, seed: number): Planned[] {
  const drawn: GroupFault[] = [];
  for (let block = 0; drawn.length < runs; block++)
    drawn.push(...Array.from(permutation(seed, block, faults.length), (index) => faults[index]!));
  drawn.length = runs;
  const trainings: Planned[] = [];
  for (let turn = 0; drawn.length > 0; turn++) {
    const size = SIZES[turn % SIZES.length]!;
    const takes = (isFirst: boolean): GroupFault[] => {
      const at = drawn.findIndex(
        (fault) => (fault.isFirst ?? false) === isFirst && (fault.least ?? 2) <= size,
      );
      return at < 0 ? [] : drawn.splice(at, 1);
    };
    const taken = takes(true);
    while (taken.length < FAULTS_EACH) {
      const [next] = takes(false);
      if (!next) break;
      taken.push(next);
    }
    if (taken.length > 0) trainings.push({ size, faults: taken });
  }
  return trainings;
}

function row({ fault, size, recoverySeconds, stepsRepeated, why }: Outcome): string {
  const recovery = recoverySeconds?.toFixed(1) ?? '–';
  return `| ${[fault, size, recovery, stepsRepeated, why ?? 'identical'].join(' | ')} |`;
}
