import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { ChampionLedger } from '../../storage/champion-ledger';
import { FolderStore } from '../../storage/folder-store';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult, TrainInput } from '../../workflows/contract/activities';
import type { Unchanged } from '../../workflows/contract/promotion';
import { Cluster } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

type Outcome = RunResult | Unchanged;

/**
 * A real schedule of a real server, which fires by itself every few seconds, as it would every
 * night.
 */
describe('a schedule of retrainings', () => {
  let cluster: Cluster;
  let ledger: FolderStore;
  const CLIPS = { train: 24, validation: 8, eval: 8 };
  const NEW_CLIPS = 5;

  const schedule = (...args: string[]): string =>
    execFileSync(
      process.execPath,
      [
        join(repositoryRoot, 'dist/cli/run/schedule.js'),
        'create',
        ...args,
        '--address',
        cluster.address,
      ],
      {
        cwd: cluster.folder,
        encoding: 'utf8',
      },
    );

  /** The first firing, of those not looked at yet, that ended as wanted. */
  const seen = new Set<string>();
  const firing = async (
    wanted: (outcome: Outcome) => boolean,
  ): Promise<{ outcome: Outcome; workflowId: string }> => {
    for (; ; await sleep(200))
      for await (const { workflowId, status } of cluster.client.workflow.list({
        query: "WorkflowType = 'retrain'",
      })) {
        if (status.name !== 'COMPLETED' || seen.has(workflowId)) continue;
        seen.add(workflowId);
        const outcome = (await cluster.client.workflow.getHandle(workflowId).result()) as Outcome;
        if (wanted(outcome)) return { outcome, workflowId };
      }
  };
  const activitiesOf = async (workflowId: string) => {
    const { events } = await cluster.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
  };
  /** What Temporal's web interface calls each activity. */
  const summariesOf = async (workflowId: string): Promise<unknown[]> => {
    const { events } = await cluster.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes, userMetadata }) =>
      activityTaskScheduledEventAttributes && userMetadata?.summary
        ? [defaultPayloadConverter.fromPayload(userMetadata.summary)]
        : [],
    );
  };
  const stored = (place: string): string[] =>
    readdirSync(join(cluster.folder, 'store', place), { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.(npy|parquet)$/.test(name),
    );
  const modified = (place: string) =>
    Object.fromEntries(
      stored(place).map((name) => [
        name,
        statSync(join(cluster.folder, 'store', place, name)).mtimeMs,
      ]),
    );
  const replaceFile = (name: string, content: string | Uint8Array): void => {
    writeFileSync(join(cluster.folder, `${name}.new`), content);
    renameSync(join(cluster.folder, `${name}.new`), join(cluster.folder, name));
  };

  beforeAll(async () => {
    cluster = await Cluster.start();
    ledger = new FolderStore(join(cluster.folder, 'champion'));
    const corpus = writeToneCorpus(cluster.folder, CLIPS);
    const teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    const run = {
      name: 'nightly',
      store: 'store',
      corpus: { ...corpus, clipsPerShard: 16 },
      teachers: [teacher],
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: [
        {
          name: 'student',
          init: 'champion',
          model: { embedDim: 32, depth: 1, heads: 2 },
          epochs: 3,
          batchSize: 8,
          warmupSteps: 4,
        },
      ],
      promote: { champion: 'champion', minGain: -1 },
    };
    writeFileSync(join(cluster.folder, 'nightly.json'), JSON.stringify(run));
    await cluster.worker('all');
  });
  afterAll(async () => cluster?.stop());

  it('is made by one command, which shows the line it equals and can be repeated', () => {
    const made = schedule('nightly.json', '--every', '6s', '--jitter', '0s');
    expect(made).toContain(
      'temporal schedule create --schedule-id nightly --workflow-id nightly --type retrain ' +
        '--task-queue ced --input-file nightly.json --interval 6s --jitter 0s ' +
        '--catchup-window 1h --overlap-policy BufferOne --pause-on-failure',
    );
    expect(made).toContain('Schedule nightly created.');
    expect(schedule('nightly.json', '--every', '6s', '--jitter', '0s')).toContain(
      'is there already and is the same: nothing was changed',
    );
  });

  it('makes the first student the champion', async () => {
    const { outcome, workflowId } = await firing(() => true);
    expect(outcome).toMatchObject({
      promotion: { outcome: 'promoted', entry: 1, student: 'student' },
    });
    await recordHistory(cluster.client.workflow.getHandle(workflowId), 'retrain');
  });

  it('ends at once when nothing has changed, reading no audio and using no GPU', async () => {
    const { outcome, workflowId } = await firing(() => true);
    expect(outcome).toMatchObject({ outcome: 'unchanged', run: 'nightly' });
    expect((outcome as Unchanged).says).toMatch(
      /nothing has changed: 40 clips, .* are those of nightly-\d{4}-.*, where student is champion 1/,
    );
    expect((await activitiesOf(workflowId)).map(({ activityType }) => activityType?.name)).toEqual([
      'importModels',
      'planCorpus',
      'findJudgement',
    ]);
    expect(await summariesOf(workflowId)).toEqual([
      'Import 1 teacher',
      'Plan the shards of train.jsonl',
      'Look for an earlier evaluation of the same by nightly',
    ]);
    await recordHistory(cluster.client.workflow.getHandle(workflowId), 'retrain-unchanged');
  });

  it('ingests and predicts only clips that are new, and trains on from the champion', async () => {
    const before = { audio: modified('audio'), logits: modified('logits') };
    const champion = (await ChampionLedger.read(ledger)).head;
    const grown = join(cluster.folder, 'grown');
    mkdirSync(grown);
    writeToneCorpus(grown, { ...CLIPS, train: CLIPS.train + NEW_CLIPS });
    for (let clip = CLIPS.train; clip < CLIPS.train + NEW_CLIPS; clip++)
      copyFileSync(
        join(grown, `audio/train-${clip}.wav`),
        join(cluster.folder, `audio/train-${clip}.wav`),
      );
    replaceFile('train.jsonl', readFileSync(join(grown, 'train.jsonl')));

    const { outcome, workflowId } = await firing((each) => !('outcome' in each));
    expect(outcome).toMatchObject({
      promotion: { outcome: 'promoted', entry: 2, against: { entry: 1 } },
      logits: { rows: 2 * (CLIPS.train + NEW_CLIPS) },
    });
    const after = { audio: modified('audio'), logits: modified('logits') };
    expect(after.audio).toMatchObject(before.audio);
    expect(after.logits).toMatchObject(before.logits);
    expect(Object.keys(after.logits).length - Object.keys(before.logits).length).toBe(1);
    const training = (await activitiesOf(workflowId)).find(
      ({ activityType }) => activityType?.name === 'trainModel',
    );
    const input = defaultPayloadConverter.fromPayload<TrainInput>(
      training?.input?.payloads?.[0] ?? {},
    );
    expect(input.init?.sha256).toBe(champion?.sha256);
  });

  it('is paused, with the reason, by a teacher of NaN; the champion is untouched', async () => {
    const { entries } = await ChampionLedger.read(ledger);
    const file = 'untrained-1/model.safetensors';
    const poisoned = decodeSafetensors(readFileSync(join(cluster.folder, file)));
    for (const { data } of poisoned.values()) data.fill(NaN);
    replaceFile(file, encodeSafetensors(poisoned, 'F32'));

    const handle = cluster.client.schedule.getHandle('nightly');
    while (!(await handle.describe()).state.paused) await sleep(200);
    expect((await handle.describe()).state.note).toMatch(
      /nightly-\d{4}.*TeacherInvalid: untrained-1: /,
    );
    expect((await ChampionLedger.read(ledger)).entries).toEqual(entries);
    expect(schedule('nightly.json', '--every', '6s', '--jitter', '0s')).toMatch(
      /nothing was changed. It is paused: .*TeacherInvalid/,
    );
    expect(schedule('nightly.json', '--every', '12h')).toMatch(
      /schedule update .*--interval 12h --jitter 10m .*--paused --notes .*TeacherInvalid/,
    );
    expect((await handle.describe()).state).toMatchObject({
      paused: true,
      note: expect.stringContaining('TeacherInvalid') as string,
    });
  });
});
