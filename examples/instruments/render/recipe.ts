import { createHash } from 'node:crypto';
import { bankSha256 } from './banks';
import { INSTRUMENTS } from './classes';
import type { ClipRecipe } from './clip';

/**
 * The sets this folder can render. `demo` is the corpus of `npm start`: its evaluation clips come
 * from a sound bank that no model trains on. `teach` is the larger corpus of the shipped teachers
 * (`npm run teach`); its training clips share no seed with the demo's. `more` has more training
 * clips of the demo, for studies.
 */

/**
 * Raise it when the same index gives other bytes: folders rendered under another number are
 * rendered again.
 */
export const RECIPE_VERSION = 1;

export type SplitName = 'train' | 'validation' | 'eval';

export interface SplitRecipe extends ClipRecipe {
  readonly name: SplitName;
  readonly clips: number;
}

export type SetName = 'demo' | 'teach' | 'more';

const validation: SplitRecipe = {
  name: 'validation',
  split: 'validation',
  seed: 1,
  clips: 400,
  banks: ['FluidR3Mono_GM'],
  variety: 0,
};

export const SETS: Readonly<Record<SetName, readonly SplitRecipe[]>> = {
  demo: [
    {
      name: 'train',
      split: 'train',
      seed: 1,
      clips: 3_000,
      banks: ['FluidR3Mono_GM'],
      variety: 0.2,
    },
    validation,
    { name: 'eval', split: 'eval', seed: 1, clips: 800, banks: ['TimGM6mb'], variety: 0 },
  ],
  teach: [
    {
      name: 'train',
      split: 'teach',
      seed: 1,
      clips: 12_000,
      banks: ['FluidR3Mono_GM', 'MuseScore_General_Lite'],
      variety: 0.3,
    },
    validation,
  ],
  more: [
    {
      name: 'train',
      split: 'more',
      seed: 1,
      clips: 3_000,
      banks: ['FluidR3Mono_GM'],
      variety: 0.2,
    },
  ],
};

/** Identifies everything that determines the bytes of a set. */
export function recipeSha256(splits: readonly SplitRecipe[]): string {
  const banks = [...new Set(splits.flatMap((split) => split.banks))].sort();
  const recipe = {
    version: RECIPE_VERSION,
    splits,
    instruments: INSTRUMENTS,
    banks: banks.map((bank) => [bank, bankSha256(bank)]),
  };
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
}
