/**
 * Clips of a table of the study: of the file, or while it is not there of the recipe that makes it,
 * so that a plan can be made before any audio is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPLITS as GAME_SOUNDS } from '../../examples/game-sounds/build/recipe';
import { SETS } from '../../examples/instruments/render/recipe';
import { COMMON_CORPUS, UNLABELLED_CORPUS, UNLABELLED_TABLES } from './corpora';

type Recipe = readonly { readonly name: string; readonly clips: number }[];

const FOLDERS: Readonly<Record<string, Recipe>> = {
  'data/instruments': SETS.demo,
  'data/instruments-teach': SETS.teach,
  'data/game-sounds': GAME_SOUNDS,
};

/** @param table path from `root` @returns null for a table that nothing here makes */
export function tableClips(root: string, table: string): number | null {
  const file = join(root, table);
  if (!existsSync(file)) return recipeClips(table);
  return readFileSync(file, 'utf8').trimEnd().split('\n').length;
}

function recipeClips(table: string): number | null {
  const derived = derivedTables().get(table);
  if (derived !== undefined) return derived;
  const [, folder = '', split] = /^(.*)\/([^/]+)\.jsonl$/.exec(table) ?? [];
  return FOLDERS[folder]?.find(({ name }) => name === split)?.clips ?? null;
}

/** As prepareCorpora writes them. */
function derivedTables(): Map<string, number> {
  const demo = (split: string): number => SETS.demo.find(({ name }) => name === split)?.clips ?? 0;
  return new Map([
    [COMMON_CORPUS.train, demo('train') / 2],
    [UNLABELLED_CORPUS.train, demo('train') / 2],
    [UNLABELLED_CORPUS.validation, demo('validation')],
    [UNLABELLED_CORPUS.eval, demo('eval')],
    [UNLABELLED_TABLES[2], demo('train')],
    [UNLABELLED_TABLES[4], 2 * demo('train')],
  ]);
}
