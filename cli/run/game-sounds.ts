/**
 * `data/game-sounds`: the corpus of real recordings of examples/game-sounds, built into the cache
 * when a run reads it. A folder of the user is left alone, and the package has no builder.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../infra/package-root';
import { corporaFolder } from '../../infra/toolchain';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';
import { linkFolder, runBuilder } from './demo-corpus';

export function readsGameSounds({ corpus }: Pick<DistillRun | TeachRun, 'corpus'>): boolean {
  return corpus.train.startsWith('data/game-sounds/');
}

/** A second when it is built already. */
export async function linkGameSounds(root: string): Promise<void> {
  const place = join(root, 'data', 'game-sounds');
  const isOwn = lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isInstalled || isOwn) return;
  const folder = join(corporaFolder(), 'game-sounds');
  await runBuilder(root, 'game-sounds/build', ['--out', folder]);
  linkFolder(folder, place);
}
