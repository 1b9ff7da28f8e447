/** The demo's row of `npm run bench -- goals`: read from its last run, not timed here. */
import { join } from 'node:path';
import { repositoryRoot } from '../infra/toolchain';
import { FolderStore } from '../storage/folder-store';
import { layout } from '../storage/layout';
import { readRecordIfPresent } from '../storage/record';
import { resultRecord } from '../storage/run-result';

/**
 * Minutes of the stages of the last `npm start`, all but the report's.
 * @param root of a clone
 * @returns null where the demo was never run to its end
 */
export async function demoMinutes(root = repositoryRoot): Promise<number | null> {
  const store = new FolderStore(join(root, 'runs', 'instruments'));
  const key = layout.latest('instruments', 'result.json');
  const result = await readRecordIfPresent(store, key, resultRecord);
  if (result === null) return null;
  return result.stages.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
}
