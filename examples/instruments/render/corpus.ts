import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeWhole } from './clip-files';
import { claimFolder } from './folder-claim';
import { Progress } from './progress';
import type { SplitRecipe } from './recipe';
import { recipeSha256 } from './recipe';
import { renderAll } from './renderers';
import { splitTable, vocabularyCsv } from './tables';

/**
 * A rendered set in a folder: `vocabulary.csv`, one table per split, `audio/`, and `manifest.json`,
 * written last. A folder whose manifest names the recipe is complete; in an interrupted one the
 * missing clips are rendered; one of another recipe is rendered again.
 */

export interface Manifest {
  readonly formatVersion: 1;
  readonly recipe: string;
  readonly splits: readonly {
    readonly name: string;
    readonly table: string;
    readonly clips: number;
    readonly audioSha256: string;
  }[];
}

const recipeSchema = z.object({ recipe: z.string() });

export interface RenderReport {
  readonly clips: number;
  readonly rendered: number;
  readonly seconds: number;
}

export async function renderCorpus(
  folder: string,
  splits: readonly SplitRecipe[],
  jobs: number,
): Promise<RenderReport> {
  const startMs = Date.now();
  const recipe = recipeSha256(splits);
  const clips = splits.reduce((sum, split) => sum + split.clips, 0);
  const complete = { clips, rendered: 0, seconds: 0 };
  if (isComplete(folder, recipe)) return complete;
  const release = claimFolder(folder);
  try {
    // Another process may have completed it between the first check and the claim.
    if (isComplete(folder, recipe)) return complete;
    const rendered = await renderFolder(folder, recipe, splits, jobs);
    return { clips, rendered, seconds: (Date.now() - startMs) / 1000 };
  } finally {
    release();
  }
}

async function renderFolder(
  folder: string,
  recipe: string,
  splits: readonly SplitRecipe[],
  jobs: number,
): Promise<number> {
  beginFolder(folder, recipe);
  const orders = splits.flatMap((split) =>
    Array.from({ length: split.clips }, (_, index) => ({ folder, split, index })),
  );
  const progress = new Progress(path.basename(folder), orders.length);
  const results = await renderAll(orders, jobs, (result) => progress.add(result.rendered));
  writeWhole(path.join(folder, 'vocabulary.csv'), vocabularyCsv());
  for (const split of splits) writeWhole(path.join(folder, tableName(split)), splitTable(split));
  const manifest: Manifest = {
    formatVersion: 1,
    recipe,
    splits: splits.map((split) => ({
      name: split.name,
      table: tableName(split),
      clips: split.clips,
      audioSha256: sha256OfAll(
        results.filter((_, i) => orders[i]?.split === split).map(({ sha256 }) => sha256),
      ),
    })),
  };
  writeWhole(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return results.filter(({ rendered }) => rendered).length;
}

function isComplete(folder: string, recipe: string): boolean {
  return recipeIn(path.join(folder, 'manifest.json')) === recipe;
}

/** Leaves clips of this recipe from an interrupted run and removes those of any other. */
function beginFolder(folder: string, recipe: string): void {
  const marker = path.join(folder, 'recipe.json');
  if (recipeIn(marker) === recipe) return;
  for (const name of ['manifest.json', 'audio'])
    rmSync(path.join(folder, name), { recursive: true, force: true });
  writeWhole(marker, `${JSON.stringify({ recipe })}\n`);
}

function tableName(split: SplitRecipe): string {
  return `${split.name}.jsonl`;
}

function sha256OfAll(hashes: readonly string[]): string {
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/** null where the file is missing or names no recipe. */
function recipeIn(file: string): string | null {
  try {
    return recipeSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).recipe;
  } catch {
    return null;
  }
}
