/**
 * `npm run chaos -- --poor-network`: two workers on hosts behind links that delay every frame by
 * 10 ms and lose one in a hundred, each way, train together; one of them is killed on the way.
 */
import { noHostsBecause, type Host, type Hosts } from '../../support/hosts';
import { GroupScene } from './scene';
import { GroupTraining } from './training';

const WEATHER = { delayMs: 10, lossPercent: 1 };
/** Between two steps, the kill apart. */
const HANG_MS = 60_000;

/** @returns whether it went on, to the bytes of one worker */
export async function poorNetwork(): Promise<boolean> {
  const leftOut = noHostsBecause();
  if (leftOut !== null) {
    console.log(`left out: a network that delays and loses frames (${leftOut})`);
    return false;
  }
  const placesOn = async (hosts: Hosts): Promise<Host[]> => {
    const places = [await hosts.addBehind(WEATHER), await hosts.addBehind(WEATHER)];
    console.log(`10 ms and 1 % loss by ${places[0]?.by}`);
    return places.map(({ host }) => host);
  };
  return await GroupScene.during(placesOn, trainIn);
}

async function trainIn(scene: GroupScene): Promise<boolean> {
  await scene.fill(2);
  const training = await GroupTraining.start(scene, 'pair', 2);
  await training.whole(240_000);
  const together = await stepsPerSecond(training, 200);
  console.log(`two workers: ${together.toFixed(1)} steps/s`);
  await scene.kill((await training.members(1))[0]!);
  await scene.fill(2);
  await training.whole(240_000);
  await stepsPerSecond(training, 200);
  const epoch = await training.stop(0);
  const found = await training.fingerprint();
  const gaps = training.deeds.map(({ ms }, index, all) => ms - (all[index - 1]?.ms ?? ms));
  const longestMs = Math.max(...gaps);
  const alone = await GroupTraining.start(scene, 'alone', 1, { stop: { store: 'alone', epoch } });
  const isEqual = found === (await alone.fingerprint());
  console.log(
    `${training.deeds.length} steps, the longest pause ${(longestMs / 1000).toFixed(1)} s; ` +
      (isEqual ? 'identical' : 'other bytes'),
  );
  return isEqual && longestMs < HANG_MS;
}

/** Over the next steps. @throws when they do not come */
async function stepsPerSecond(training: GroupTraining, steps: number): Promise<number> {
  const before = training.deeds.length;
  await training.eventually('stuck', 240_000, () => training.deeds.length >= before + steps);
  const [first, last] = [training.deeds[before], training.deeds[before + steps - 1]];
  return ((steps - 1) * 1000) / ((last?.ms ?? 0) - (first?.ms ?? 0));
}
