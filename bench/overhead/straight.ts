/**
 * The stages of `distill` in one process: the same activities and jobs in the same order, without
 * Temporal, heartbeats and an engine process. argv: root, run file as JSON. Prints `ready`; on a
 * line of standard input it runs once and prints the seconds.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ActivityDependencies } from '../../activities/dependencies';
import { commitCheckpoint } from '../../jobs/train/checkpoint-commit';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import type { EngineJob, JobResult } from '../../jobs/engine-jobs';
import type { JobContext } from '../../jobs/job-context';
import { MappedModel } from '../../jobs/mapped-model';
import { writeLogits } from '../../activities/write-logits';
import { importModels } from '../../activities/import-models';
import { planCorpus } from '../../activities/plan-corpus';
import { publishRun } from '../../activities/publish-run';
import { runJob } from '../../jobs/run-job';
import { openObjectCache, openStore } from '../../storage/open-store';
import { openEngine } from '../../ced/engine/engine';
import type { PredictedLogits, LogitsShard } from '../../workflows/contract/activities';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { localDependencies } from '../../activities/local-dependencies';
import type { ScoredReference, Split } from '../../workflows/contract/models';

const ignore = (): void => undefined;

async function straight(root: string, run: DistillRun): Promise<void> {
  if ('published' in run.logits) throw new Error('the bench computes its logits');
  const store = openStore(root, run.store);
  const deps: ActivityDependencies = {
    ...localDependencies(root, store),
    engine: { run: (job) => inThisProcess(job) },
  };
  const engine = openEngine();
  const teachers = new Map<string, Promise<MappedModel>>();
  const context: JobContext = {
    store,
    engine,
    cache: openObjectCache({ cacheFolder: join(store.uri, '..', 'cache') }),
    monotonicMs: () => performance.now(),
    onProgress: ignore,
    onEpoch: ignore,
    commit: (checkpoint) => commitCheckpoint(store, checkpoint),
    yieldAndCheckStop: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary) => {
      const loading =
        teachers.get(sha256) ?? MappedModel.load(store, engine, sha256, precision, vocabulary);
      teachers.set(sha256, loading);
      return loading;
    },
  };
  const inThisProcess = <J extends EngineJob>(job: J): Promise<JobResult<J>> =>
    runJob(context, job);

  const { chunkSeconds, precision } = run.logits;
  const models = await importModels(deps, {
    store: run.store,
    vocabulary: run.corpus.vocabulary,
    teachers: run.teachers,
    inits: [],
  });
  const { planKey, splits } = await planCorpus(
    deps,
    { store: run.store, corpus: run.corpus, chunkSeconds },
    ignore,
  );
  for (const split of ['train', 'validation', 'eval'] as const)
    for (let shard = 0; shard < (splits[split]?.shards ?? 0); shard++)
      await ingestShard(deps, { store: run.store, planKey, split, shard }, ignore);
  const finalized = await finalizeCorpus(deps, {
    store: run.store,
    planKey,
    maxRejected: run.corpus.maxRejected,
    chunkSeconds,
  });

  const score = async (split: Split, model: ScoredReference): Promise<unknown> =>
    finalized[split] &&
    (await inThisProcess({
      kind: 'score',
      input: { store: run.store, planKey, split, model, chunkSeconds, precision },
    }));
  for (const split of ['validation', 'eval'] as const)
    for (const teacher of models.teachers) await score(split, teacher);

  const shards: LogitsShard[] = [];
  for (let shard = 0; shard < (finalized.train?.shards ?? 0); shard++) {
    const input = {
      store: run.store,
      planKey,
      shard,
      ensemble: models.teachers,
      settings: run.logits,
    };
    const predicted = (await inThisProcess({ kind: 'logits', input })) as
      LogitsShard | PredictedLogits;
    shards.push(
      'audioShard' in predicted
        ? await writeLogits(deps, { store: run.store, shard, ...predicted })
        : predicted,
    );
  }
  const { logitsKey: key } = shards[0]!;
  const { views, topK, seed, augment } = run.logits;

  const students = [];
  for (const settings of run.students) {
    const input = {
      store: run.store,
      planKey,
      run: run.name,
      settings,
      init: null,
      augment,
      chunkSeconds,
      ensemble: models.teachers,
      hasValidation: finalized.validation !== null,
      resume: run.resume,
      stopAfterEpoch: null,
      attemptId: 'straight',
    };
    const targets = {
      kind: 'logits' as const,
      logitsKey: key,
      storedViews: views,
      storedTopK: topK,
      seed,
    };
    students.push(await inThisProcess({ kind: 'train', input: { ...input, targets } }));
  }
  for (const student of students) await score('eval', student);
  const sum = (of: (shard: LogitsShard) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0);
  const logits = {
    key,
    rows: sum(({ rows }) => rows),
    views,
    bytes: sum(({ bytes }) => bytes),
    pcmBytes: (finalized.train?.samples ?? 0) * 2,
  };
  await publishRun(deps, {
    store: run.store,
    run: run.name,
    workflowId: run.name,
    workflowRunId: 'straight',
    planKey,
    kind: 'distill',
    runFile: run,
    ensemble: models.teachers,
    logits,
    students,
    stages: [],
  });
}

const [root = '', runFile = ''] = process.argv.slice(2);
const run = distillRunSchema.parse(JSON.parse(runFile));
process.stdout.write('ready\n');
createInterface({ input: process.stdin }).once('line', () => {
  const startedMs = performance.now();
  void straight(root, run).then(() => {
    process.stdout.write(`${(performance.now() - startedMs) / 1000}\n`);
    process.exit(0);
  });
});
