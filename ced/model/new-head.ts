/**
 * A head for other classes than a checkpoint's: rows of classes that the checkpoint knows are taken
 * over, the others start as in a fresh model. The encoder is taken over whole.
 */
import type { Vocabulary } from '../teachers/vocabulary';
import type { ModelConfig } from './config';
import { initialWeights } from './initial-weights';
import type { Weights, WeightTensor } from './weights';

/** For each class of a vocabulary the checkpoint's own class; −1 for one that it does not know. */
export type HeadRows = readonly number[];

const NEW_CLASS = -1;
const HEAD = ['outputlayer.1.weight', 'outputlayer.1.bias'];

/**
 * @param config of the checkpoint
 * @returns null where its head is that of the vocabulary: the same classes in the same order, or as
 *   many without names
 */
export function headRows(config: ModelConfig, vocabulary: Vocabulary): HeadRows | null {
  const { outputdim, id2label } = config;
  if (!id2label) return outputdim === vocabulary.length ? null : vocabulary.map(() => NEW_CLASS);
  const own = new Map(
    Array.from({ length: outputdim }, (_, index): [string | undefined, number] => [
      id2label[String(index)],
      index,
    ]),
  );
  const rows = vocabulary.map(
    ({ mid, name }) => (mid === '' ? undefined : own.get(mid)) ?? own.get(name) ?? NEW_CLASS,
  );
  const isSame = rows.length === outputdim && rows.every((row, index) => row === index);
  return isSame ? null : rows;
}

export function countTaken(rows: HeadRows): number {
  return rows.filter((row) => row !== NEW_CLASS).length;
}

/**
 * @param config of the new model
 * @param seed of the classes that the checkpoint does not know
 */
export function withNewHead(
  weights: Weights,
  rows: HeadRows,
  config: ModelConfig,
  seed: number,
): Weights {
  const fresh = initialWeights(config, seed);
  const joined = new Map<string, WeightTensor>(weights);
  for (const name of HEAD) {
    const [from, to] = [weights.get(name) as WeightTensor, fresh.get(name) as WeightTensor];
    const width = to.data.length / rows.length;
    rows.forEach((row, index) => {
      if (row !== NEW_CLASS)
        to.data.set(from.data.subarray(row * width, (row + 1) * width), index * width);
    });
    joined.set(name, to);
  }
  return joined;
}
