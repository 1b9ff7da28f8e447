/**
 * `npm run chaos -- --sizes`: the same small training by one, two, three and four workers, each
 * from the beginning in a store of its own. Student, weights and moments must have the same hashes.
 */
import { GroupScene } from './scene';
import { GroupTraining, type TrainingHashes } from './training';

const SIZES = [1, 2, 3, 4] as const;
const EPOCHS = 30;

const HEAD = [
  '| workers | steps | by all of them | SHA-256 of the weights | both Adam moments | student |',
  '| ---: | ---: | ---: | --- | --- | --- |',
];

/** @returns whether all hashes are equal */
export async function groupSizes(): Promise<boolean> {
  return await GroupScene.during(null, async (scene) => {
    for (const line of HEAD) console.log(line);
    const all: TrainingHashes[] = [];
    for (const size of SIZES) {
      await scene.fill(size);
      const stop = { store: `of-${size}`, epoch: EPOCHS };
      const training = await GroupTraining.start(scene, `by-${size}`, size, { min: size, stop });
      const hashes = await training.hashes();
      const { deeds } = training;
      const byAll = deeds.filter(({ members = 1 }) => members === size).length;
      const { weights, moments, student } = hashes;
      console.log(`| ${[size, deeds.length, byAll, weights, moments, student].join(' | ')} |`);
      all.push(hashes);
    }
    const isSame = new Set(all.map((hashes) => JSON.stringify(hashes))).size === 1;
    console.log(`\n${isSame ? 'identical, their metrics too' : 'different'}`);
    return isSame;
  });
}
