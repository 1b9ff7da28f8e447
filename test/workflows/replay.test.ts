import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { repositoryRoot } from '../../infra/toolchain';

/**
 * Histories of real runs, recorded by `RECORD_HISTORIES=1 npm test -- test/e2e`. Workflow code that no longer follows them would break every
 * run that is under way when workers are upgraded.
 */
describe('a recorded history', () => {
  beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

  const folder = join(__dirname, 'histories');
  const recorded = readdirSync(folder).filter((file) => file.endsWith('.json'));

  it('exists for each workflow, and for a run that was interrupted', () => {
    expect(recorded.sort()).toEqual([
      'distill-killed.json',
      'distill-paused.json',
      'distill.json',
      'retrain-unchanged.json',
      'retrain.json',
      'teach.json',
    ]);
  });

  it.each(recorded)('%s is followed by the workflow code of today', async (file) => {
    const history = historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const replay = Worker.runReplayHistory({ workflowBundle: { codePath: join(repositoryRoot, 'dist/workflow-bundle.js') } }, history);
    await expect(replay).resolves.toBeUndefined();
  });

  it('that asks for other activities is refused', async () => {
    const text = readFileSync(join(folder, 'teach.json'), 'utf8').replaceAll('"planCorpus"', '"anotherActivity"');
    const history = historyFromJSON(JSON.parse(text));
    const replay = Worker.runReplayHistory({ workflowBundle: { codePath: join(repositoryRoot, 'dist/workflow-bundle.js') } }, history);
    await expect(replay).rejects.toThrow(/[Nn]ondeterminism|anotherActivity/);
  });
});
