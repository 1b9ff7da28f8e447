import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { Cluster } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { runsOf } from '../support/run-chain';
import { SmallRuns, statusOf, studentOf } from '../support/small-run';

/**
 * A server that finds histories long after a few dozen events makes a small run go on as a new one
 * many times, in every stage.
 */
describe('a run whose history gets long', () => {
  let cluster: Cluster;
  let runs: SmallRuns;

  beforeAll(async () => {
    cluster = await Cluster.start({
      dynamicConfig: ['limit.historyCount.suggestContinueAsNew=60'],
    });
    runs = SmallRuns.in(cluster);
    await cluster.worker('all');
  });
  afterAll(async () => cluster?.stop());

  it('continues under one workflow id, with its status, to the same student', async () => {
    // Batches so small that the training takes longer than the four seconds within which a
    // heartbeat tells it to end, on a fast machine too.
    const first = await runs.start('long', { clipsPerShard: 4, batchSize: 2 });
    const { firstExecutionRunId } = first as WorkflowHandle & { firstExecutionRunId: string };
    const student = await studentOf(first);
    const chain = await runsOf(cluster, 'long', firstExecutionRunId);
    expect(chain.length).toBeGreaterThan(3);
    for (const [at, { handle, events }] of chain.entries()) {
      // 60, and what a training of 60 epochs may report before it is told to continue as new.
      expect(events).toBeLessThan(360);
      await recordHistory(handle, `distill-continued-${at}`);
    }

    const { stages, state, epochs } = await statusOf(cluster.client.workflow.getHandle('long'));
    expect(state).toBe('done');
    expect(stages.map(({ name, done, total }) => [name, done, total])).toEqual([
      ['plan', 1, 1],
      ['download', 24, 24],
      ['gate', 2, 2],
      ['logits', 16, 16],
      ['distill', 1, 1],
      ['evaluate', 1, 1],
      ['publish', 1, 1],
    ]);
    expect(epochs['student']?.epoch).toBe(60);
    // The report tells of every run of the chain; of its own publishing it cannot.
    const activities = chain.reduce((sum, { started }) => sum + started, 0) - 1;
    const report = readFileSync(join(cluster.folder, 'store-long/runs/long/report.html'), 'utf8');
    expect(/([\d,]+) activities in/.exec(report)?.[1]).toBe(String(activities));
    // How often the training was interrupted for it leaves no trace in the student.
    expect(runs.startingSteps('long').length).toBeGreaterThan(1);
    const described = await cluster.client.workflow.getHandle('long').describe();
    expect(described.typedSearchAttributes.getAll().map(({ key }) => key.name)).toContain('CedRun');
    expect(student).toMatch(/^[0-9a-f]{64}$/);
  });
});
