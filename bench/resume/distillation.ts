/**
 * A student's training as the engine process gets it. The real stages ingest clips of the demo's
 * corpus and compute logits of one of its teachers into a store in a folder.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkDemoCorpus } from '../../cli/run/demo-corpus';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import type { EngineJob } from '../../jobs/engine-jobs';
import { writeLogits } from '../../activities/write-logits';
import { importModels } from '../../activities/import-models';
import { planCorpus } from '../../activities/plan-corpus';
import { openStore } from '../../storage/open-store';
import { UsageError } from '../../infra/command-line/usage-error';
import { repositoryRoot } from '../../infra/toolchain';
import type { EngineProcess } from '../../workers/engine-process';
import type { PredictedLogits, LogitsShard } from '../../workflows/contract/activities';
import { distillRunSchema } from '../../workflows/contract/run-file';
import { localDependencies } from '../../activities/local-dependencies';

type TrainJob = Extract<EngineJob, { kind: 'train' }>;

interface DistillationOptions {
  /** Of the table. */
  folder: string;
  /** The run file's. */
  store: string;
  /** Of local copies. */
  cacheFolder: string;
  model: string;
  clips: number;
  shards: number;
  batchSize: number;
  checkpointSeconds: number;
}

const ignore = (): void => undefined;

/** @returns the job of each attempt at the training */
export async function distillation(
  engine: EngineProcess,
  options: DistillationOptions,
): Promise<(attemptId: string) => TrainJob> {
  const { folder, model, clips, shards, batchSize, checkpointSeconds } = options;
  const demo = JSON.parse(
    readFileSync(join(repositoryRoot, 'examples', 'instruments', 'distill.json'), 'utf8'),
  ) as {
    corpus: { vocabulary: string };
    teachers: object[];
    logits: object;
  };
  // Longer than the bench, so that no validation comes between two steps.
  const student = {
    name: 'student',
    model,
    batchSize,
    checkpointSeconds,
    epochs: 1000,
    validateEvery: 1000,
    warmupSteps: 300,
    mixup: 0,
  };
  const run = distillRunSchema.parse({
    name: 'resume',
    store: options.store,
    corpus: {
      train: writeTable(folder, clips),
      vocabulary: demo.corpus.vocabulary,
      clipsPerShard: Math.ceil(clips / shards),
    },
    teachers: demo.teachers.slice(0, 1),
    logits: { ...demo.logits, views: 2 },
    students: [student],
  });
  if ('published' in run.logits) throw new Error('the bench computes its logits');
  const store = openStore(folder, run.store, { cacheFolder: options.cacheFolder });
  const deps = { ...localDependencies(repositoryRoot, store), engine };
  const { chunkSeconds, views, topK, seed, augment } = run.logits;
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
  for (let shard = 0; shard < (splits.train?.shards ?? 0); shard++)
    await ingestShard(deps, { store: run.store, planKey, split: 'train', shard }, ignore);
  const finalized = await finalizeCorpus(deps, {
    store: run.store,
    planKey,
    maxRejected: run.corpus.maxRejected,
    chunkSeconds,
  });
  let logitsKey = '';
  for (let shard = 0; shard < (finalized.train?.shards ?? 0); shard++) {
    const input = {
      store: run.store,
      planKey,
      shard,
      ensemble: models.teachers,
      settings: run.logits,
    };
    const edge = { signal: new AbortController().signal, onProgress: ignore };
    const predicted = (await engine.run({ kind: 'logits', input }, edge)) as
      LogitsShard | PredictedLogits;
    if ('audioShard' in predicted)
      await writeLogits(deps, { store: run.store, shard, ...predicted });
    ({ logitsKey } = predicted);
  }
  const targets = {
    kind: 'logits' as const,
    logitsKey,
    storedViews: views,
    storedTopK: topK,
    seed,
  };
  const input = {
    store: run.store,
    planKey,
    run: run.name,
    settings: run.students[0]!,
    init: null,
    targets,
    augment,
    chunkSeconds,
    ensemble: models.teachers,
    hasValidation: false,
    resume: run.resume,
    stopAfterEpoch: null,
  };
  return (attemptId) => ({ kind: 'train', input: { ...input, attemptId } });
}

/** The first clips of the demo's table, in a table of their own. */
function writeTable(folder: string, clips: number): string {
  linkDemoCorpus(repositoryRoot);
  const corpus = join(repositoryRoot, 'data', 'instruments');
  const lines = readFileSync(join(corpus, 'train.jsonl'), 'utf8').trimEnd().split('\n');
  if (clips > lines.length)
    throw new UsageError(`--clips ${clips}: the demo's corpus has ${lines.length} training clips`);
  const rows = lines.slice(0, clips).map((line) => {
    const row = JSON.parse(line) as { audio: string };
    return JSON.stringify({ ...row, audio: join(corpus, row.audio) });
  });
  const table = join(folder, 'train.jsonl');
  writeFileSync(table, `${rows.join('\n')}\n`);
  return table;
}
