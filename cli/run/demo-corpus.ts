/**
 * Links to the demo's audio: run files name `data/instruments`, the audio is in the cache, which
 * all clones share.
 */
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { demoCorpusFolder, repositoryRoot } from '../../infra/toolchain';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';

/** Folder, in run files, of the clips that the shipped teachers are trained on. */
export const TEACH_CORPUS = 'data/instruments-teach';

/** Whether the run reads the demo's audio: set-up renders it for no other. */
export function readsDemoCorpus({ corpus }: DistillRun | TeachRun): boolean {
  return [corpus.train, corpus.validation, corpus.eval].some((table) =>
    table?.startsWith('data/instruments'),
  );
}

/** `data/instruments`: the clips of the demo, rendered by set-up. */
export function linkDemoCorpus(root: string): void {
  linkFolder(demoCorpusFolder(), join(root, 'data', 'instruments'));
}

/** Renders the clips of the shipped teachers. A second when they are rendered already. */
export async function renderTeachCorpus(root: string): Promise<void> {
  await linkRendered(root, 'teach');
}

/** Renders `data/instruments-<set>` into the cache and links it. */
export async function linkRendered(root: string, set: 'teach' | 'more'): Promise<void> {
  const name = `instruments-${set}`;
  const folder = join(dirname(demoCorpusFolder()), name);
  await runBuilder(root, 'instruments/render', ['--set', set, '--out', folder]);
  linkFolder(folder, join(root, 'data', name));
}

/**
 * Runs the program of an example that makes its audio; what it tells goes to standard error.
 * @param builder its folder in examples/
 */
export async function runBuilder(
  root: string,
  builder: string,
  args: readonly string[],
): Promise<void> {
  const program = join(repositoryRoot, 'dist', 'examples', builder, 'main.js');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0)
    throw new Error(
      `examples/${builder} failed with ${args.join(' ')} (exit code ${code}); the same command ` +
        'completes the folder',
    );
}

/** Leaves a folder of the user alone. */
export function linkFolder(target: string, path: string): void {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present && !present.isSymbolicLink()) return;
  if (present && readlinkSync(path) === target) return;
  if (present) unlinkSync(path);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
