/**
 * Where the model lies that a person names: a checkpoint's folder, or a run or a student of a local
 * store, whose results say which model is meant. Models are stored under the hash of their weights;
 * names only lead there.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { textOf } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { missingFolders } from '../../storage/make-folder';
import { decodeRecord } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import type { RunResult } from '../../workflows/contract/activities';

/** The option of commands that take a model. */
export const modelOption = {
  value: 'MODEL',
  is: textOf('a folder with model.safetensors and config.json, or a run'),
  required: true,
  help:
    'a folder with model.safetensors and config.json; or a store, STORE/runs/NAME, or either ' +
    "with /students/NAME behind it: a run's student, the best of several if none is named",
} as const;

interface NamedRun {
  /** Its folder in the store. */
  folder: string;
  result: RunResult;
}

/**
 * @returns the folder of the checkpoint; `named` itself where it is neither a run nor a store
 * @throws {UsageError} that says what may be named instead
 */
export async function checkpointFolder(named: string): Promise<string> {
  if (existsSync(join(named, 'model.safetensors'))) return named;
  const ofStudent = /^(.*[^/\\])[/\\]+students[/\\]+([^/\\]+)[/\\]*$/.exec(named);
  const place = ofStudent?.[1] ?? named;
  const runs = await namedRuns(place);
  if (runs.length === 0) return named;
  const student = ofStudent?.[2];
  const run = onlyRun(place, runs, student);
  const chosen =
    student === undefined
      ? run.result.students.reduce((best, one) => ((one.mAP ?? 0) > (best.mAP ?? 0) ? one : best))
      : run.result.students.find(({ name }) => name === student);
  if (!chosen)
    throw new UsageError(
      `${place} has no student ${student}, expected ` +
        run.result.students.map(({ name }) => name).join(' or '),
    );
  return join(storeOf(run.folder), chosen.checkpoint);
}

/** A folder of other things is not searched. */
const MOST_NAMES = 1000;
const MOST_SHOWN = 10;

/**
 * For a name that leads nowhere: the runs of the nearest folder on its way, and of ./runs.
 * @returns names that would lead to a model
 */
export async function runsNear(named: string): Promise<string[]> {
  const [missing] = missingFolders(resolve(named));
  const above = missing === undefined ? resolve(named) : dirname(missing);
  const nearest = isAbsolute(named) ? above : relative('.', above) || '.';
  const found = new Set<string>();
  for (const place of [nearest, 'runs']) {
    const names = await readdir(place).catch(() => []);
    const inside = names.length > MOST_NAMES ? [] : names.sort().map((name) => join(place, name));
    for (const store of [place, ...inside]) {
      const runs = await namedRuns(store).catch(() => []);
      for (const { folder } of runs) found.add(runs.length === 1 ? store : folder);
    }
  }
  const all = [...found];
  return all.length > MOST_SHOWN ? [...all.slice(0, MOST_SHOWN), '…'] : all;
}

/** Of a run's folder, that run; of a store, all runs that have a result. */
async function namedRuns(place: string): Promise<NamedRun[]> {
  const own = await resultIn(place);
  if (own !== null) return [{ folder: place, result: own }];
  const folders = await readdir(join(place, 'runs')).catch(() => []);
  const runs: NamedRun[] = [];
  for (const name of folders.sort()) {
    const folder = join(place, 'runs', name);
    const result = await resultIn(folder);
    if (result !== null) runs.push({ folder, result });
  }
  return runs;
}

/** A student's name may tell which of a store's runs is meant. */
function onlyRun(place: string, runs: readonly NamedRun[], student: string | undefined): NamedRun {
  const meant =
    student === undefined || runs.length === 1
      ? runs
      : runs.filter(({ result }) => result.students.some(({ name }) => name === student));
  const [run, ...others] = meant.length > 0 ? meant : runs;
  if (run === undefined || others.length > 0)
    throw new UsageError(
      `${place} holds several runs, expected one of ` +
        (meant.length > 0 ? meant : runs).map(({ folder }) => folder).join(', '),
    );
  return run;
}

async function resultIn(folder: string): Promise<RunResult | null> {
  const file = join(folder, 'result.json');
  // A named pipe would be waited for.
  if (!(await stat(file).catch(() => null))?.isFile()) return null;
  const text = await readFile(file).catch(() => null);
  if (text === null) return null;
  return decodeRecord({ uri: folder }, 'result.json', resultRecord, text).value;
}

/** A run's latest results lie in `runs/<run>`, those of each start in a folder below it. */
function storeOf(runFolder: string): string {
  const above = resolve(runFolder, '..', '..');
  return existsSync(join(above, 'models')) ? above : resolve(above, '..');
}
