/**
 * The demo's run files name `data/instruments`; the audio itself is in the cache, shared between
 * clones. This puts links in between.
 */
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { demoCorpusFolder, repositoryRoot } from '../../infra/toolchain';

/** Where run files find the clips of the shipped teachers. */
export const TEACH_CORPUS = 'data/instruments-teach';

/** `data/instruments`: what `npm start` distils on, rendered by set-up. */
export function linkDemoCorpus(root: string): void {
  link(demoCorpusFolder(), join(root, 'data', 'instruments'));
}

/**
 * What the shipped teachers were trained on, rendered here because nothing else needs it. Found
 * finished, it costs a second.
 */
export async function renderTeachCorpus(root: string): Promise<void> {
  await linkRendered(root, 'teach');
}

/** `data/instruments-<set>`, rendered into the cache beside the demo's. */
export async function linkRendered(root: string, set: 'teach' | 'more'): Promise<void> {
  const name = `instruments-${set}`;
  const folder = join(dirname(demoCorpusFolder()), name);
  const program = join(repositoryRoot, 'dist', 'examples', 'instruments', 'render', 'main.js');
  const child = spawn(process.execPath, [program, '--set', set, '--out', folder], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0)
    throw new Error(
      `rendering clips into ${folder} failed (exit code ${code}); the same command goes on with what is there`,
    );
  link(folder, join(root, 'data', name));
}

/** A folder of the user's own that stands there is left alone. */
function link(target: string, path: string): void {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present && !present.isSymbolicLink()) return;
  if (present && readlinkSync(path) === target) return;
  if (present) unlinkSync(path);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
