import { createHash } from 'node:crypto';
import { clipLabels, renderClip } from '../../examples/instruments/render/clip';
import { CLIP_SAMPLES } from '../../examples/instruments/render/clip-format';
import type { SplitName, SplitRecipe } from '../../examples/instruments/render/recipe';
import { RECIPE_VERSION, SETS } from '../../examples/instruments/render/recipe';

function split(set: keyof typeof SETS, name: SplitName): SplitRecipe {
  const found = SETS[set].find((candidate) => candidate.name === name);
  if (!found) throw new Error(`${set} has no ${name}`);
  return found;
}

async function hash(recipe: SplitRecipe, index: number): Promise<string> {
  const samples = await renderClip(recipe, index);
  return createHash('sha256').update(Buffer.from(samples.buffer)).digest('hex').slice(0, 16);
}

const demoTrain = split('demo', 'train');
const demoEval = split('demo', 'eval');
const teachTrain = split('teach', 'train');

describe('a rendered clip', () => {
  it('has the bytes it always had (raise RECIPE_VERSION together with these hashes)', async () => {
    const hashes = {
      version: RECIPE_VERSION,
      train: [await hash(demoTrain, 0), await hash(demoTrain, 2_999)],
      eval: [await hash(demoEval, 0), await hash(demoEval, 799)],
      teach: [await hash(teachTrain, 1)],
    };
    expect(hashes).toMatchInlineSnapshot(`
     {
       "eval": [
         "04f018add79ee750",
         "f41049db7133895d",
       ],
       "teach": [
         "9754155d6fc0cade",
       ],
       "train": [
         "2d9327fb4d992056",
         "4689afbd3e8bc680",
       ],
       "version": 1,
     }
    `);
  });

  it('does not depend on what was rendered before it in the process', async () => {
    const indexes = [5, 6, 7, 8, 9, 10];
    const mapOrdered: string[] = [];
    for (const index of indexes) mapOrdered.push(await hash(demoTrain, index));
    await hash(demoEval, 3);
    const reversed: string[] = [];
    for (const index of indexes.toReversed()) reversed.unshift(await hash(demoTrain, index));
    expect(reversed).toEqual(mapOrdered);
  });

  it('is four seconds long, uses its range and does not clip', async () => {
    for (const recipe of [demoTrain, demoEval]) {
      const samples = await renderClip(recipe, 11);
      const highest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      expect(samples).toHaveLength(CLIP_SAMPLES);
      expect(highest).toBeGreaterThan(0.12 * 32_768);
      expect(highest).toBeLessThan(0.9 * 32_768);
    }
  });

  it('differs from split to split and from seed to seed', async () => {
    const hashes = [
      demoTrain,
      teachTrain,
      split('demo', 'validation'),
      { ...demoTrain, seed: 2 },
    ].map((recipe) => hash(recipe, 4));
    expect(new Set(await Promise.all(hashes)).size).toBe(4);
  });

  it('is tagged with one to three different instruments', () => {
    for (let index = 0; index < 200; index += 1) {
      const labels = clipLabels(demoTrain, index);
      expect(labels.length).toBeGreaterThanOrEqual(1);
      expect(labels.length).toBeLessThanOrEqual(3);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });
});
