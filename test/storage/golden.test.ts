/** @jest-environment ./test/support/one-realm-environment.cjs */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunAttempts } from '../../activities/publish/run-attempts';
import { writeLogits } from '../../activities/write-logits';
import { ced } from '../../cli/main';
import { leasesOver } from '../../storage/shard-lease';
import { storedShard } from '../../storage/logits/stored-shard';
import { readMetrics } from '../../storage/training/metrics-segment';
import type { RunResult } from '../../workflows/contract/activities';
import type { EnsembleMember } from '../../workflows/contract/models';
import { catchOutput } from '../support/caught-output';
import { GoldenRun, writeGoldenSources } from '../support/golden-run';

const PLAN = {
  planKey: 'e41ba26bf7e1a899bcaafdd4e51cefff17f997c136dc12d569c8f2d71eaba2c0',
  classes: 3,
  splits: {
    train: { shards: 2, clips: 7, rejected: 1 },
    validation: { shards: 1, clips: 3, rejected: 0 },
    eval: { shards: 1, clips: 3, rejected: 0 },
  },
};
const TRAIN_SHARDS = [
  '3cd86152071a3c2bde3acab6e15f83f794338cdb65ee896041694e6953a80a8f',
  'f9f52a09e64c6e165f3e755eee05f7069ea590c08220e26ba677054a895b78a4',
];
const LOGITS = '2081988b914f5144f05496ae0e4bfdda25e96311bf639c5a7eebee72cca9937b';
/** Of which a lease and rows that no shard was made of were left. */
const UNFINISHED_LOGITS = '4043d577f1dc8e39ede7698bc5821b856e50ac96cc3605b276514a883758cfa1';
const TRAINING = '90093529b48e3caf0c9250816ae0dabe06f5a36b7e82d19b95a2061255cd5451';
const STUDENT = 'ad305cd20a46c9601bac57ee650117112bb0e8cc5b8da3683b9bbf0f0bba277e';
const EVALUATION = '44a28e39401511b66bce80f7a2f796b848a184eeffb70606cfbe2624e95f888d';
const TEACHERS: EnsembleMember[] = [
  {
    name: 'ced',
    sha256: '1fe0a4411c5a15bbffec22d8b0d787a7ccb885364a163199363049250902e79c',
    parameters: 2755,
    weight: 1,
  },
  {
    name: 'net',
    sha256: 'afd8b9330b6f8d2167bc406daa82b1772bc68ebe5a3b4875413d5fbe46e60816',
    parameters: 3,
    weight: 2,
  },
];

let folder: string;
let golden: GoldenRun;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-golden-'));
  for (const part of ['store', 'champion'])
    cpSync(join(__dirname, 'golden', part), join(folder, part), { recursive: true });
  golden = new GoldenRun(folder);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const read = (key: string): string => readFileSync(join(folder, 'store', key), 'utf8');

describe('a store of the first format', () => {
  it('holds every shard, score and model that its run asks for', async () => {
    expect(await golden.ingest(PLAN)).toEqual([true, true, true, true]);
    const before = read(`plans/${PLAN.planKey}/corpus.json`);
    expect((await golden.finalize(PLAN.planKey)).train).toMatchObject({ clips: 7, chunks: 10 });
    expect(read(`plans/${PLAN.planKey}/corpus.json`)).toBe(before);
    for (const split of ['validation', 'eval'] as const)
      for (const teacher of TEACHERS)
        expect(await golden.score(PLAN.planKey, split, teacher)).toMatchObject({ reused: true });
    for (const [shard, rows] of [12, 8].entries())
      expect(await storedShard(golden.store, LOGITS, TRAIN_SHARDS[shard]!)).toMatchObject({
        rows,
        reused: true,
      });
    expect(
      await golden.train(PLAN.planKey, LOGITS, TEACHERS, { attemptId: 'again' }),
    ).toMatchObject({ sha256: STUDENT, trainingKey: TRAINING, steps: 9, rowsTrained: 30 });
    expect(
      await golden.train(PLAN.planKey, LOGITS, TEACHERS, { attemptId: 'one', stopAfterEpoch: 1 }),
    ).toMatchObject({ trainingKey: TRAINING, steps: 3 });
    expect(await golden.findEvaluation(PLAN.planKey, TEACHERS)).toMatchObject({
      key: EVALUATION,
      judged: { workflowRunId: 'first' },
      champion: { entry: 3, tookBack: 2 },
    });
  });

  it('is gone on from at the checkpoint that is left', async () => {
    await golden.store.remove(`training/${TRAINING}/manifest.json`);
    await golden.store.remove(`training/${TRAINING}/checkpoints/000000009/state.json`);
    expect(
      await golden.train(PLAN.planKey, LOGITS, TEACHERS, { attemptId: 'third' }),
    ).toMatchObject({ trainingKey: TRAINING, resumedAtStep: 8, steps: 9, rowsTrained: 30 });
    expect(await readMetrics(golden.store, TRAINING, 9)).toEqual([
      { step: 0, loss: expect.any(Number), lr: expect.any(Number) },
      ...[3, 6, 9].map((step, index) => ({
        epoch: index + 1,
        step,
        loss: expect.any(Number),
        mAP: expect.any(Number),
      })),
    ]);
  });

  it('is planned on from: clips keep their shards', async () => {
    writeGoldenSources(folder);
    const plan = await golden.plan();
    // What is planned today also counts labelled clips.
    expect(plan.splits).toMatchObject(PLAN.splits);
    expect(Object.values(plan.splits).map((split) => split?.labelled)).toEqual([7, 3, 3]);
    expect(JSON.parse(read(`runs/golden/plan.json`))).toMatchObject({ planKey: plan.planKey });
  });

  it('gives up the lease and the rows that an engine left', async () => {
    const over = await leasesOver(golden.store, UNFINISHED_LOGITS, 'a'.repeat(64), {});
    expect(over.map(({ record }) => record.owner)).toEqual(['gone']);
    const { store } = golden;
    const written = await writeLogits(
      { openStore: () => store, monotonicMs: () => 0 },
      { store: '', logitsKey: UNFINISHED_LOGITS, audioShard: TRAIN_SHARDS[1]!, shard: 1 },
    );
    expect(written).toMatchObject({ rows: 8, reused: false });
  });

  it('is reported as it was: results, and every attempt with the one that was killed', async () => {
    const first = JSON.parse(read('runs/golden/first/result.json')) as RunResult;
    const student = await golden.train(PLAN.planKey, LOGITS, TEACHERS, { attemptId: 'again' });
    const published = await golden.publish({
      workflowRunId: 'second',
      planKey: PLAN.planKey,
      ensemble: TEACHERS,
      students: [student],
      logits: first.logits,
      ...(first.promotion ? { promotion: first.promotion } : {}),
      judgementKey: EVALUATION,
    });
    expect(published).toMatchObject(first);
    const attempts = await readRunAttempts(golden.store, {
      workflowRunId: 'first',
      kind: 'distill',
      ensemble: TEACHERS,
    });
    expect(attempts.map(({ activity, outcome }) => [activity, outcome])).toEqual([
      ['ingestShard', 'done'],
      ['trainModel', 'failed'],
      ['trainModel', 'lost'],
      ['trainModel', 'done'],
    ]);
  });

  it('keeps its champion: a challenger is measured against it and added', async () => {
    const student = await golden.train(PLAN.planKey, LOGITS, TEACHERS, { attemptId: 'again' });
    const challenger = { ...student, name: 'other', sha256: TEACHERS[0]!.sha256 };
    expect(await golden.promote(PLAN.planKey, challenger, 'third', -1)).toMatchObject({
      outcome: 'promoted',
      entry: 4,
      against: { entry: 3, sha256: STUDENT },
    });
  });

  it('is shown, verified and surveyed by the commands', async () => {
    const printed = catchOutput('stdout');
    const shown = async (...argv: string[]): Promise<Record<string, unknown>> => {
      printed.text = '';
      expect(await ced([...argv, '--json'])).toBe(0);
      return JSON.parse(printed.text) as Record<string, unknown>;
    };
    const { uri } = golden.store;
    expect(await shown('store', 'verify', uri)).toMatchObject({ damaged: [] });
    expect(await shown('store', 'du', uri)).toMatchObject({
      units: expect.arrayContaining([
        expect.objectContaining({ name: `models/${STUDENT}`, referredBy: ['runs/golden'] }),
      ]),
    });
    expect(JSON.stringify(await shown('logits', uri))).toContain(LOGITS);
    expect(await shown('champion', golden.champion.uri)).toMatchObject({
      champion: { entry: 3, action: 'rollback', tookBack: 2 },
    });
  });
});
