import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { repositoryRoot } from '../../infra/toolchain';
import { HISTORIES as folder } from '../support/recorded-histories';

/**
 * Histories of real runs, recorded by `RECORD_HISTORIES=1 npm test -- test/e2e`. Workflow code that
 * no longer follows them would break every run that is under way when workers are upgraded.
 */
describe('a recorded history', () => {
  beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

  const recorded = readdirSync(folder).filter((file) => file.endsWith('.json'));

  it('exists for each workflow, and for every way a run can go', () => {
    const once = recorded.map((file) => file.replace(/-\d+\.json$|\.json$/, ''));
    expect([...new Set(once)].sort()).toEqual([
      'distill',
      'distill-cancelled',
      'distill-continued',
      'distill-from-labels',
      'distill-greedy',
      'distill-halved',
      'distill-killed',
      'distill-paused',
      'distill-reset',
      'distill-shortened',
      'retrain',
      'retrain-unchanged',
      'teach',
    ]);
  });

  it.each(recorded)('%s is followed by the workflow code of today', async (file) => {
    const history = historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const replay = Worker.runReplayHistory(
      { workflowBundle: { codePath: join(repositoryRoot, 'dist/workflow-bundle.js') } },
      history,
    );
    await expect(replay).resolves.toBeUndefined();
  });

  it('that asks for other activities is refused', async () => {
    const text = readFileSync(join(folder, 'teach.json'), 'utf8').replaceAll(
      '"planCorpus"',
      '"anotherActivity"',
    );
    const history = historyFromJSON(JSON.parse(text));
    const replay = Worker.runReplayHistory(
      { workflowBundle: { codePath: join(repositoryRoot, 'dist/workflow-bundle.js') } },
      history,
    );
    await expect(replay).rejects.toThrow(/[Nn]ondeterminism|anotherActivity/);
  });
});
