/**
 * Splits that names of files and folders, and cells of tables, state, with the words of the hub:
 * https://huggingface.co/docs/hub/datasets-file-names-and-splits
 */
import type { SplitName } from '../../../ced/corpus/split-clips';

/** `dev` is what the dataset's other splits make of it: see `devOf`. */
export type NamedSplit = SplitName | 'dev';

/** Of a text with words of several splits the first of these counts. */
const WORDS: Readonly<Record<NamedSplit, readonly string[]>> = {
  validation: ['valid', 'validation', 'val'],
  eval: ['test', 'testing', 'eval', 'evaluation'],
  train: ['train', 'training'],
  dev: ['dev', 'development'],
};

/** The split that the words of a text name, if they do. */
export function splitNamed(text: string): NamedSplit | null {
  const words = text.toLowerCase().split(/[^a-z]+/);
  const splits = Object.keys(WORDS) as NamedSplit[];
  return splits.find((split) => WORDS[split].some((word) => words.includes(word))) ?? null;
}

/** The split of a folder whose whole name is one's; `train_set` is too. */
export function splitOfFolder(name: string | undefined): NamedSplit | null {
  const text = (name ?? '').toLowerCase();
  return /^[a-z]+([-_ ]set)?$/.test(text) ? splitNamed(text) : null;
}

/** By the words of the file's name, else of its folders, the innermost first. */
export function splitIn(path: string): NamedSplit | null {
  for (const part of path.split('/').reverse()) {
    const split = splitNamed(part);
    if (split !== null) return split;
  }
  return null;
}

/**
 * What `dev` means: validation beside a `train`, as on the hub; where there is no other to train
 * from, as in FSD50K with its dev and eval sets, it is train.
 * @param stated all splits of the dataset
 */
export function devOf(stated: ReadonlySet<NamedSplit | null>): SplitName {
  return stated.has('train') ? 'validation' : 'train';
}
