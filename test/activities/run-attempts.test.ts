import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptEnd, AttemptStart } from '../../activities/attempt-record';
import { joinAttempts, readRunAttempts } from '../../activities/publish/run-attempts';
import { encodeChecksummed } from '../../storage/checksum';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';

/** A store that holds attempts: [run id, activity, id within its run, start, end in ms]. */
async function storeOf(
  attempts: [string, string, string, number, number | null][],
): Promise<FolderStore> {
  const store = new FolderStore(await mkdtemp(join(tmpdir(), 'attempts-')));
  for (const [runId, activity, activityId, startedMs, endedMs] of attempts) {
    const start: AttemptStart = {
      formatVersion: 1,
      activity,
      activityId,
      attempt: 1,
      taskQueue: activity === 'trainModel' ? 'ced-gpu' : 'ced-cpu',
      worker: '1@host',
      what: '',
      model: null,
      scheduledMs: startedMs - 10,
      startedMs,
    };
    await store.create(
      layout.activityAttempt(runId, activityId, 1, 'start'),
      encodeChecksummed(start),
    );
    if (endedMs === null) continue;
    const end: AttemptEnd = {
      formatVersion: 1,
      endedMs,
      outcome: 'done',
      failure: null,
      reused: false,
    };
    await store.create(layout.activityAttempt(runId, activityId, 1, 'end'), encodeChecksummed(end));
  }
  return store;
}

describe('the attempts of a run that continued as new', () => {
  let store: FolderStore;
  const run = { workflowRunId: 'third', kind: 'distill' as const, ensemble: [] };

  beforeAll(async () => {
    // Temporal numbers activities from 1 in every run of the chain.
    store = await storeOf([
      ['first', 'planCorpus', '1', 1000, 2000],
      ['first', 'trainModel', '2', 2000, null],
      ['second', 'trainModel', '1', 5000, 8000],
      ['third', 'trainModel', '1', 9000, 9500],
      ['third', 'publishRun', '2', 9600, null],
      ['stranger', 'planCorpus', '1', 0, 500],
    ]);
  });
  afterAll(() => rm(store.uri, { recursive: true }));

  it('are those of every run of the chain, in order, by activity', async () => {
    const attempts = await readRunAttempts(store, {
      ...run,
      earlierRunIds: ['first', 'second'],
    });
    expect(
      attempts.map(({ activity, startedMs, endedMs }) => [activity, startedMs, endedMs]),
    ).toEqual([
      ['planCorpus', 1000, 2000],
      ['trainModel', 2000, 4990],
      ['trainModel', 5000, 8000],
      ['trainModel', 9000, 9500],
    ]);
    expect(new Set(attempts.map(({ activityId }) => activityId)).size).toBe(4);
  });

  it('count as lost if an earlier run ended first, at the latest when the next began', async () => {
    const attempts = await readRunAttempts(store, {
      ...run,
      earlierRunIds: ['first', 'second'],
    });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['done', 'lost', 'done', 'done']);
  });

  it('are those of the last run alone where nothing is known of a chain', async () => {
    const attempts = await readRunAttempts(store, run);
    expect(attempts.map(({ startedMs }) => startedMs)).toEqual([9000]);
  });
});

describe('the stage of an attempt', () => {
  it.each([
    ['acceptTeacher', '', 'plan'],
    ['scoreOutputs', 'beats on validation', 'gate'],
    ['writeRows', 'validation shard 0', 'gate'],
    ['writeRows', 'train shard 12', 'logits'],
    ['writeLogits', 'shard 0', 'logits'],
    ['somethingOfAnEarlierVersion', '', 'plan'],
  ])('%s of %j is %s', (activity, what, stage) => {
    const start: AttemptStart = {
      ...{ formatVersion: 1, activity, activityId: '1', attempt: 1, taskQueue: 'ced-cpu' },
      ...{ worker: '1@host', what, model: null, scheduledMs: 0, startedMs: 1 },
    };
    const [attempt] = joinAttempts([{ start, end: null }], { kind: 'distill', ensemble: [] }, 2);
    expect(attempt?.stage).toBe(stage);
  });
});
