/**
 * Logits like a real ensemble's: each clip has its own log-odds, its views wander around them. A
 * pure function of its arguments.
 */
import { drawAugmentation } from '../../../ced/augment/parameters';
import { philox, streamKey, uniform } from '../../../ced/augment/random';
import { createLogitTable, type LogitTable } from '../../../ced/logits/logit-table';
import { topK } from '../../../ced/logits/top-k';

export interface TableShape {
  readonly clips: number;
  readonly views: number;
  readonly classes: number;
  readonly topK: number;
}

const augment = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 192 },
  freqMask: { maxBins: 24 },
};

export function randomLogitTable(
  { clips, views, classes, topK: k }: TableShape,
  seed = 1,
): LogitTable {
  const table = createLogitTable(clips * views, k);
  const normal = (purpose: string) => {
    const key = streamKey(purpose, seed);
    return (...counter: [number, number, number]) => {
      const [a, b] = philox(key, [...counter, 0]);
      return Math.sqrt(-2 * Math.log(uniform(a + 0.5))) * Math.cos(2 * Math.PI * uniform(b));
    };
  };
  const [ofClass, ofClip, ofView] = [
    normal('test-class'),
    normal('test-clip'),
    normal('test-view'),
  ];
  const classLogOdds = Array.from({ length: classes }, (_, index) => -4.5 + ofClass(index, 0, 0));
  let clipLogOdds: number[] = [];
  for (let row = 0; row < clips * views; row++) {
    const clip = Math.floor(row / views);
    const view = row % views;
    const wander = 0.2 * ofView(clip, view, classes);
    if (view === 0)
      clipLogOdds = classLogOdds.map((value, index) => value + 1.6 * ofClip(clip, index, 0));
    const logOdds = clipLogOdds.map(
      (value, index) => value + wander + 0.3 * ofView(clip, view, index),
    );
    const best = topK(
      Float32Array.from(logOdds, (value) => 1 / (1 + Math.exp(-value))),
      k,
    );
    const drawn = drawAugmentation(
      augment,
      { seed, clipSha256: String(clip), chunk: 0, view },
      160_000,
    );
    table.clip[row] = clip;
    table.view[row] = view;
    for (const field of ['shift', 'timeStart', 'timeWidth', 'freqStart', 'freqWidth'] as const)
      table[field][row] = drawn[field];
    table.indexes.set(best.indexes, row * k);
    table.values.set(best.values, row * k);
  }
  return table;
}
