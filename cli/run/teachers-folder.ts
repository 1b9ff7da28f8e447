/** Where `npm run teach` writes models and scores. */
import { resolve } from 'node:path';
import { isUri } from '../../ced/corpus/address';
import type { TeachRun } from '../../workflows/contract/run-file';
import { TEACH_RUN } from './start-options';

const DEMO_TEACHERS = 'examples/instruments/teachers';

/**
 * The folder that is given, else that of the demo for the demo's own run, else one beside the run's
 * store, never another run's.
 * @param root where relative paths of run files start
 * @param given as typed, null = nothing
 */
export function teachersFolder(
  root: string,
  given: string | null,
  runFile: string,
  { name, store }: Pick<TeachRun, 'name' | 'store'>,
): string {
  if (given !== null) return resolve(given);
  if (runFile === TEACH_RUN) return resolve(root, DEMO_TEACHERS);
  const place = isUri(store) ? `runs/${name}` : store;
  return `${resolve(root, place)}-teachers`;
}
