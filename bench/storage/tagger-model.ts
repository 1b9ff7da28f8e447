/**
 * Logits of a made-up tagger of 527 classes, for machines without a real one. The log-odds of class
 * c in view v of clip k are
 *
 *     rarity[c] + Σ_f loading[c, f] · (content[k, f] + drift · wander[k, v, f])
 *       + own · x[k, c] + drift · own · y[k, v, c]
 *
 * with independent normal variables. Most classes are improbable (median 1 in 22,000), the content
 * of a clip moves related classes together (24 factors), and an augmentation moves the log-odds by
 * `drift` times the distance to another clip. On average the most probable class has 0.33 and the
 * twentieth 0.01, and two views of a clip share five classes in six. A pure function of the seed.
 */
import { drawAugmentation } from '../../ced/augment/parameters';
import { philox, streamKey, uniform } from '../../ced/augment/random';
import { createLogitTable, type LogitTable } from '../../ced/logits/logit-table';
import { topK } from '../../ced/logits/top-k';

export interface TaggerModel {
  readonly clips: number;
  readonly views: number;
  readonly classes: number;
  readonly topK: number;
  /** How far an augmentation moves a clip, as a share of the distance between clips. */
  readonly drift: number;
}

export const audioSetLike: TaggerModel = {
  clips: 512,
  views: 10,
  classes: 527,
  topK: 20,
  drift: 0.15,
};

const factors = 24;
const rarity = { mean: -10, deviation: 1.5 };
/** Standard deviation of a class's log-odds between clips: of the factors, and of the rest. */
const shared = 2.1;
const own = 1.5;
const chunkSamples = 160_000;
const augment = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 192 },
  freqMask: { maxBins: 24 },
};

export function taggerLogits(
  { clips, views, classes, topK: k, drift }: TaggerModel,
  seed = 1,
): LogitTable {
  const table = createLogitTable(clips * views, k);
  const priors = normals('rarity', seed, 0, 0, classes).map(
    (x) => rarity.mean + rarity.deviation * x,
  );
  const loadings = normals('loading', seed, 0, 0, classes * factors).map(
    (x) => (x * shared) / Math.sqrt(factors),
  );
  for (let clip = 0; clip < clips; clip++) {
    const content = normals('content', seed, clip, 0, factors);
    const alone = normals('alone', seed, clip, 0, classes);
    for (let view = 0; view < views; view++) {
      const wander = normals('wander', seed, clip, view + 1, factors);
      const noise = normals('noise', seed, clip, view + 1, classes);
      const probabilities = priors.map((prior, c) => {
        let logOdds = prior + own * (alone[c]! + drift * noise[c]!);
        for (let f = 0; f < factors; f++)
          logOdds += loadings[c * factors + f]! * (content[f]! + drift * wander[f]!);
        return 1 / (1 + Math.exp(-logOdds));
      });
      const row = clip * views + view;
      const best = topK(Float32Array.from(probabilities), k);
      const drawn = drawAugmentation(
        augment,
        { seed, clipSha256: String(clip), chunk: 0, view },
        chunkSamples,
      );
      table.clip[row] = clip;
      table.view[row] = view;
      for (const field of ['shift', 'timeStart', 'timeWidth', 'freqStart', 'freqWidth'] as const)
        table[field][row] = drawn[field];
      table.indexes.set(best.indexes, row * k);
      table.values.set(best.values, row * k);
    }
  }
  return table;
}

/** @returns float64 [count], standard normal */
function normals(
  purpose: string,
  seed: number,
  clip: number,
  view: number,
  count: number,
): Float64Array {
  const key = streamKey('bench', purpose, seed);
  const drawn = new Float64Array(count);
  for (let at = 0; at < count; at += 4) {
    const [a, b, c, d] = philox(key, [at, clip, view, 0]);
    for (const [pair, [radius, angle]] of (
      [
        [a, b],
        [c, d],
      ] as const
    ).entries()) {
      const length = Math.sqrt(-2 * Math.log(uniform(radius) + 2 ** -33));
      const turn = 2 * Math.PI * uniform(angle);
      if (at + 2 * pair < count) drawn[at + 2 * pair] = length * Math.cos(turn);
      if (at + 2 * pair + 1 < count) drawn[at + 2 * pair + 1] = length * Math.sin(turn);
    }
  }
  return drawn;
}
