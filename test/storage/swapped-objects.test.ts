import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import type { ActivityDependencies } from '../../activities/dependencies';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importModels } from '../../activities/import-models';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { verifyStore } from '../../cli/store/store-verification';
import type { JobContext } from '../../jobs/job-context';
import { trainJob, type TrainJobInput } from '../../jobs/train/training-job';
import { encodeChecksummed } from '../../storage/checksum';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import type { LogitsInput } from '../../workflows/contract/activities';
import { STORE_DAMAGED } from '../../workflows/contract/damage';
import { distillRunSchema } from '../../workflows/contract/run-file';
import { jobContextOn, predictAndWrite, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { storedTargets, trainingInput } from '../support/training-input';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

const ignore = (): void => undefined;
const SHARDS = [0, 1];

let folder: string;
let store: FolderStore;
let context: JobContext;
let logitsOf: (shard: number) => LogitsInput;
let trainingWith: (seed: number) => TrainJobInput;
/** Of both shards' files, without extension. */
let shards: [string, string];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-swapped-'));
  store = storeBelow(folder);
  context = jobContextOn(store);
  const deps: ActivityDependencies = localDependencies(folder, store);
  const corpus = {
    ...writeToneCorpus(folder, { train: 16, validation: 4, eval: 0 }),
    eval: undefined,
    clipsPerShard: 8,
  };
  const run = distillRunSchema.parse({
    ...{ name: 'swapped', store: 'store', corpus },
    teachers: [writeUntrainedTeacher(folder, corpus.vocabulary, 5)],
    logits: { views: 2, topK: 3, chunkSeconds: 1, seed: 7 },
    students: [
      {
        ...{ name: 'student', model: { embedDim: 32, depth: 1, heads: 2 } },
        ...{ epochs: 1, batchSize: 8, learningRate: 1e-3, warmupSteps: 1, seed: 1 },
      },
    ],
  });
  if ('published' in run.logits) throw new Error('the logits of this run are computed');
  const { logits: settings, students } = run;
  const plan = { store: '', corpus: run.corpus, chunkSeconds: 1 };
  const { planKey } = await planCorpus(deps, plan, ignore);
  for (const shard of SHARDS)
    await ingestShard(deps, { store: '', planKey, split: 'train', shard }, ignore);
  await ingestShard(deps, { store: '', planKey, split: 'validation', shard: 0 }, ignore);
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
  const { teachers } = await importModels(deps, {
    ...{ store: '', vocabulary: run.corpus.vocabulary, teachers: run.teachers, inits: [] },
  });
  logitsOf = (shard) => ({ store: '', planKey, shard, ensemble: teachers, settings });
  const [{ logitsKey }] = [
    await predictAndWrite(context, logitsOf(0)),
    await predictAndWrite(context, logitsOf(1)),
  ];
  const audio = await CorpusAudio.open(store, planKey, 'train');
  const [first = '', second = ''] = audio.audioShards;
  await audio.close();
  shards = [`logits/${logitsKey}/${first}`, `logits/${logitsKey}/${second}`];
  trainingWith = (seed) =>
    trainingInput({
      ...{ planKey, settings: { ...students[0]!, seed }, targets: storedTargets(logitsKey) },
      ...{ augment: settings.augment, ensemble: teachers },
    });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (key: string): string => join(folder, 'store', key);
const filesOf = (key: string): string[] =>
  ['parquet', 'json'].map((extension) => `${key}.${extension}`);
const bytesOf = (keys: readonly string[]): string[] =>
  keys.map((key) => readFileSync(pathOf(key), 'base64'));

function swap(one: string, other: string): void {
  renameSync(pathOf(one), pathOf('held'));
  renameSync(pathOf(other), pathOf(one));
  renameSync(pathOf('held'), pathOf(other));
}

/** As the first version of this program wrote it: with a checksum, without a place. */
function forgetPlace(key: string): void {
  const {
    seal: _seal,
    storedAt,
    ...fields
  } = JSON.parse(readFileSync(pathOf(key), 'utf8')) as {
    seal: string;
    storedAt?: string;
  };
  expect(storedAt).toBe(key);
  writeFileSync(pathOf(key), encodeChecksummed(fields));
}

const trained = async (seed: number): Promise<string> =>
  (await trainJob(context, trainingWith(seed))).sha256;
const failureOf = async (job: Promise<unknown>): Promise<unknown> =>
  asFailure(await job.catch((error: unknown) => error));

describe('two logit shards that were swapped, each with its manifest', () => {
  it('are found by a training and by a verification, and computed again', async () => {
    const undisturbed = await trained(1);
    const right = bytesOf(shards.flatMap(filesOf).filter((key) => key.endsWith('.parquet')));
    for (const [at, file] of filesOf(shards[0]).entries()) swap(file, filesOf(shards[1])[at]!);

    const { damaged } = await verifyStore(store);
    const why = (at: 0 | 1): object => ({
      key: `${shards[at]}.json`,
      why: `it was written as ${shards[1 - at]}.json`,
    });
    expect(damaged).toEqual(expect.arrayContaining([why(0), why(1)]));

    rmSync(pathOf('training'), { recursive: true });
    expect(await failureOf(trained(1))).toMatchObject({
      type: STORE_DAMAGED,
      details: [SHARDS.map((shard) => ({ kind: 'logits', shard }))],
    });
    for (const shard of SHARDS)
      await expect(predictAndWrite(context, logitsOf(shard))).resolves.toMatchObject({
        reused: false,
      });
    expect(bytesOf(shards.map((key) => `${key}.parquet`))).toEqual(right);
    await expect(trained(1)).resolves.toBe(undisturbed);
  });

  it('are found by the augmentation of their rows where manifests name no place', async () => {
    const undisturbed = await trained(2);
    for (const key of shards) forgetPlace(`${key}.json`);
    rmSync(pathOf('training'), { recursive: true });
    rmSync(join(folder, 'copies'), { recursive: true });
    await expect(trained(2)).resolves.toBe(undisturbed);

    for (const [at, file] of filesOf(shards[0]).entries()) swap(file, filesOf(shards[1])[at]!);
    rmSync(pathOf('training'), { recursive: true });
    expect(await failureOf(trained(2))).toMatchObject({
      type: STORE_DAMAGED,
      details: [[{ kind: 'logits', shard: 0 }]],
    });
    await predictAndWrite(context, logitsOf(0));
    expect(await failureOf(trained(2))).toMatchObject({
      details: [[{ kind: 'logits', shard: 1 }]],
    });
    await predictAndWrite(context, logitsOf(1));
    await expect(trained(2)).resolves.toBe(undisturbed);
  });
});
