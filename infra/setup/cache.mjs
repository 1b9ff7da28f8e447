// The cache folder that all clones on a machine share: $CED_CACHE or ~/.cache/ced-distillation. The
// name of an entry contains a hash of its recipe, so a changed recipe makes a new entry and an old
// clone still finds the old one. An entry is built in a temporary folder and renamed into place: it
// is absent or complete, even if set-up is killed.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { withLock } from './lock.mjs';
import { platform } from './platform.mjs';
import { SetupError } from './tools.mjs';

export const cacheFolder = resolve(
  process.env.CED_CACHE || join(homedir(), '.cache', 'ced-distillation'),
);

/** Entries hold compiled programs, and machines of several platforms may share a home. */
const entriesFolder = platform === 'linux-x64' ? cacheFolder : join(cacheFolder, platform);

/**
 * Makes the folder. Node's own recursive mkdir never ends below /proc.
 * @throws {SetupError} where it cannot be made
 */
export function makeCacheFolder() {
  try {
    makeFolder(cacheFolder);
  } catch (error) {
    throw new SetupError(
      `the cache cannot be made: ${error.message}; name another place with CED_CACHE`,
      { cause: error },
    );
  }
}

function makeFolder(path) {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another set-up may have been faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

export function shortHash(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(String(part)).update('\0');
  return hash.digest('hex').slice(0, 12);
}

const unfinished = '.building-';

/** Removes what a killed set-up left half-built; called under the entry's lock. */
function removeLeftovers(folder) {
  for (const name of readdirSync(dirname(folder)))
    if (name.startsWith(`${basename(folder)}${unfinished}`))
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
}

/** Returns the folder of an entry, building it with `build(temporaryFolder)` when it is absent. */
export async function cached(entry, report, build) {
  const folder = join(entriesFolder, entry);
  if (existsSync(folder)) return folder;
  mkdirSync(entriesFolder, { recursive: true });
  await withLock(`${folder}.lock`, report, async () => {
    if (existsSync(folder)) return; // another set-up built it while we waited
    removeLeftovers(folder);
    const temporary = mkdtempSync(`${folder}${unfinished}`);
    chmodSync(temporary, 0o755); // other users of the machine or image may read it
    try {
      await build(temporary);
      renameSync(temporary, folder);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  });
  return folder;
}

/**
 * Makes `path` a link to `target`. Replaces a link atomically; moves a folder (a hand-made build)
 * aside first. Returns whether anything changed.
 */
export function linkInPlace(target, path) {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before?.isSymbolicLink() && readlinkSync(path) === target) return false;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.new-${process.pid}`;
  symlinkSync(target, fresh);
  const aside = `${path}.old-${process.pid}`;
  if (before?.isDirectory()) renameSync(path, aside);
  renameSync(fresh, path);
  rmSync(aside, { recursive: true, force: true });
  return true;
}
