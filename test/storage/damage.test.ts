import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { ActivityDependencies } from '../../activities/dependencies';
import { trainJob } from '../../jobs/train/training-job';
import { ingestShard } from '../../activities/ingest-shard';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { JobContext } from '../../jobs/job-context';
import { importModels } from '../../activities/import-models';
import { isModelVerified, loadModel } from '../../storage/models/model-folder';
import { npyHeaderBytes } from '../../ced/audio/npy';
import { permutation } from '../../ced/augment/random';
import type { FolderStore } from '../../storage/folder-store';
import type { LogitsInput, LogitsShard } from '../../workflows/contract/activities';
import { STORE_DAMAGED } from '../../workflows/contract/damage';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import { localDependencies } from '../../activities/local-dependencies';
import {
  ingestCorpus,
  predictAndWrite,
  jobContextOn,
  storeBelow,
  storedTables,
} from '../support/in-process';
import { storedTargets, trainingInput } from '../support/training-input';

const ignore = (): void => undefined;
const CLIPS = 24;

let folder: string;
let store: FolderStore;
let deps: ActivityDependencies;
let context: JobContext;
let run: DistillRun;
let planKey: string;
let logitsInput: LogitsInput;
let logits: LogitsShard;

/**
 * The corpus, a teacher and its logits, made once; every test damages and repairs its own part of
 * them.
 */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-damage-'));
  store = storeBelow(folder);
  deps = localDependencies(folder, store);
  context = jobContextOn(store);
  const corpus = {
    ...writeToneCorpus(folder, { train: CLIPS, validation: 6, eval: 0 }),
    eval: undefined,
    clipsPerShard: CLIPS,
  };
  const model = { embedDim: 32, depth: 1, heads: 2 };
  run = distillRunSchema.parse({
    name: 'damage',
    store: 'store',
    corpus,
    teachers: [writeUntrainedTeacher(folder, corpus.vocabulary, 5)],
    logits: { views: 2, topK: 3, chunkSeconds: 1, seed: 7 },
    students: [
      {
        name: 'student',
        model,
        epochs: 4,
        batchSize: 8,
        learningRate: 1e-3,
        warmupSteps: 2,
        validateEvery: 1,
        averageBest: 2,
        checkpointSeconds: 0.001,
        seed: 1,
      },
    ],
  });
  planKey = await ingestCorpus(deps, run.corpus);
  const { teachers } = await importModels(deps, {
    store: '',
    vocabulary: run.corpus.vocabulary,
    teachers: run.teachers,
    inits: [],
  });
  if ('published' in run.logits) throw new Error('the logits of this run are computed');
  logitsInput = { store: '', planKey, shard: 0, ensemble: teachers, settings: run.logits };
  logits = await predictAndWrite(context, logitsInput);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (key: string): string => join(folder, 'store', key);

/**
 * Flips a bit in the middle; in a manifest in its hash, since the seconds that also stand there are
 * covered by none.
 */
function flip(key: string): void {
  const bytes = readFileSync(pathOf(key));
  const hash = bytes.indexOf('"sha256":"');
  bytes[key.endsWith('.json') && hash >= 0 ? hash + 20 : bytes.length >> 1]! ^= 4;
  writeFileSync(pathOf(key), bytes);
}
const cut = (key: string): void => truncateSync(pathOf(key), readFileSync(pathOf(key)).length >> 1);
/** Every clip of a split, as training does it. */
async function predictAll(split: 'train' | 'validation'): Promise<void> {
  const audio = await CorpusAudio.open(store, planKey, split);
  try {
    await audio.ready(audio.clips);
  } finally {
    await audio.close();
  }
}
const lose = (key: string): void => rmSync(pathOf(key));
const filesBelow = (key: string): string[] =>
  readdirSync(pathOf(key), { recursive: true, encoding: 'utf8' }).sort();

describe.each([
  ['flipped in one bit', flip],
  ['truncated', cut],
  ['lost', lose],
])('an audio shard that was %s', (_, damage) => {
  it('is quarantined, named to the workflow, and made again with the same bytes', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const key = `audio/${audio.audioShards[0]}.npy`;
    await audio.close();
    const intact = readFileSync(pathOf(key));
    damage(key);
    const found = damage === lose ? null : readFileSync(pathOf(key));

    const error: unknown = await predictAll('train').catch((thrown: unknown) => thrown);
    const failure = asFailure(error);
    expect(failure).toMatchObject({
      type: STORE_DAMAGED,
      nonRetryable: true,
      details: [[{ kind: 'audio', split: 'train', shard: 0 }]],
    });
    await expect(store.exists(key)).resolves.toBe(false);
    if (found) {
      const kept = filesBelow('quarantine/audio').map((name) =>
        readFileSync(pathOf(`quarantine/audio/${name}`)),
      );
      expect(kept.some((bytes) => bytes.equals(found))).toBe(true);
    }

    await expect(
      ingestShard(deps, { store: '', planKey, split: 'train', shard: 0 }, ignore),
    ).resolves.toMatchObject({ reused: false });
    expect(readFileSync(pathOf(key)).equals(intact)).toBe(true);
    await predictAll('train');
  });

  it('cannot be made again from sources that have changed: the run ends and says so', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'validation');
    const key = `audio/${audio.audioShards[0]}.npy`;
    await audio.close();
    const [intact, source] = [
      readFileSync(pathOf(key)),
      readFileSync(join(folder, 'audio/validation-0.wav')),
    ];
    damage(key);
    await expect(predictAll('validation')).rejects.toThrow(/damaged or missing/);
    writeFileSync(
      join(folder, 'audio/validation-0.wav'),
      readFileSync(join(folder, 'audio/validation-1.wav')),
    );
    await expect(
      ingestShard(deps, { store: '', planKey, split: 'validation', shard: 0 }, ignore),
    ).rejects.toThrow(/have changed since/);
    writeFileSync(join(folder, 'audio/validation-0.wav'), source);
    await ingestShard(deps, { store: '', planKey, split: 'validation', shard: 0 }, ignore);
    expect(readFileSync(pathOf(key)).equals(intact)).toBe(true);
  });
});

describe.each([
  ['a logit shard', 'parquet'],
  ["a logit shard's manifest", 'json'],
])('%s', (_, extension) => {
  it.each([
    ['flipped in one bit', flip],
    ['truncated', cut],
    ['lost', lose],
  ])('%s is quarantined and computed again with the same bytes', async (__, damage) => {
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const { audioShards } = audio;
    await audio.close();
    const key = `logits/${logits.logitsKey}/${audioShards[0]}`;
    const intact = readFileSync(pathOf(`${key}.parquet`));
    damage(`${key}.${extension}`);
    const error: unknown = await storedTables(store, logits.logitsKey, audioShards).catch(
      (thrown: unknown) => thrown,
    );
    expect(asFailure(error)).toMatchObject({
      type: STORE_DAMAGED,
      details: [[{ kind: 'logits', shard: 0 }]],
    });
    await expect(predictAndWrite(context, logitsInput)).resolves.toMatchObject({
      logitsKey: logits.logitsKey,
      reused: false,
    });
    expect(readFileSync(pathOf(`${key}.parquet`)).equals(intact)).toBe(true);
    await expect(storedTables(store, logits.logitsKey, audioShards)).resolves.toMatchObject([
      { rows: 2 * CLIPS },
    ]);
  });
});

describe("a teacher's files", () => {
  it.each([
    ['model.safetensors', 'flipped in one bit', flip],
    ['model.safetensors', 'truncated', cut],
    ['model.safetensors', 'lost', lose],
    ['config.json', 'truncated', cut],
    ['config.json', 'lost', lose],
  ])(
    '%s, %s, is quarantined and copied again from where the run file says',
    async (file, _, damage) => {
      const sha256 = logitsInput.ensemble[0]!.sha256;
      const key = `models/${sha256}/${file}`;
      const intact = readFileSync(pathOf(key));
      damage(key);
      await expect(isModelVerified(store, sha256)).resolves.toBe(false);
      const error: unknown = await loadModel(store, sha256).catch((thrown: unknown) => thrown);
      expect(asFailure(error)).toMatchObject({
        type: STORE_DAMAGED,
        nonRetryable: true,
        details: [[{ kind: 'model', sha256 }]],
      });
      await importModels(deps, {
        store: '',
        vocabulary: run.corpus.vocabulary,
        teachers: run.teachers,
        inits: [],
      });
      expect(readFileSync(pathOf(key)).equals(intact)).toBe(true);
      await expect(isModelVerified(store, sha256)).resolves.toBe(true);
    },
  );

  it('are repaired by the first import that finds them damaged', async () => {
    const key = `models/${logitsInput.ensemble[0]!.sha256}/model.safetensors`;
    const intact = readFileSync(pathOf(key));
    flip(key);
    await importModels(deps, {
      store: '',
      vocabulary: run.corpus.vocabulary,
      teachers: run.teachers,
      inits: [],
    });
    expect(readFileSync(pathOf(key)).equals(intact)).toBe(true);
  });
});

describe('training that was stopped', () => {
  /** Two epochs of three steps and two steps of the next. */
  const STEPS_BEFORE_THE_STOP = 8;
  const STEPS = 12;
  let undisturbed: string;
  let training: string;

  const train = async (
    seed: number,
    stopAtStep = Infinity,
    settings: { earlyStop?: number; checkpointSeconds?: number } = {},
  ): Promise<string> => {
    steps = 0;
    const input = trainingInput({
      planKey,
      settings: { ...run.students[0]!, seed, ...settings },
      targets: storedTargets(logits.logitsKey),
      augment: run.logits.augment,
      ensemble: logitsInput.ensemble,
    });
    const onProgress: JobContext['onProgress'] = ({ unit, done }) =>
      void (unit === 'steps' && (steps = done));
    const yieldAndCheckStop = (): Promise<boolean> => Promise.resolve(steps >= stopAtStep);
    return (await trainJob({ ...context, onProgress, yieldAndCheckStop }, input)).sha256;
  };
  /** Of the last attempt. */
  let steps = 0;

  beforeEach(async () => {
    undisturbed ??= await train(1);
    rmSync(pathOf('training'), { recursive: true });
    await expect(train(1, STEPS_BEFORE_THE_STOP)).rejects.toThrow(EngineStopped);
    training = `training/${readdirSync(pathOf('training'))[0]}`;
  });

  const startingSteps = (): number[] =>
    filesBelow(`${training}/attempts`).map(
      (file) =>
        (
          JSON.parse(readFileSync(pathOf(`${training}/attempts/${file}`), 'utf8')) as {
            step: number;
          }
        ).step,
    );

  const newest = (part: 'checkpoints' | 'best'): string =>
    `${training}/${part}/${readdirSync(pathOf(`${training}/${part}`))
      .sort()
      .at(-1)}`;

  it('goes on from its newest checkpoint, and says so', async () => {
    await expect(train(1)).resolves.toBe(undisturbed);
    expect(startingSteps()).toEqual([0, STEPS_BEFORE_THE_STOP]);
    const manifest = readFileSync(pathOf(`${training}/manifest.json`), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ resumedAtStep: STEPS_BEFORE_THE_STOP });
  });

  it.each(['model.safetensors', 'adam.safetensors', 'state.json'])(
    'resumes from the previous checkpoint after a bit flip in %s, to the same student',
    async (file) => {
      flip(`${newest('checkpoints')}/${file}`);
      await expect(train(1)).resolves.toBe(undisturbed);
      expect(startingSteps()).toEqual([0, STEPS_BEFORE_THE_STOP - 1]);
      expect(filesBelow(`quarantine/${training}`).some((name) => name.includes(file))).toBe(true);
    },
  );

  it.each([
    ['flipped in one bit', flip],
    ['truncated', cut],
    ['lost', lose],
  ])(
    'trains again what led to best weights that were %s, to the same student',
    async (_, damage) => {
      damage(newest('best'));
      await expect(train(1)).resolves.toBe(undisturbed);
      expect(startingSteps().at(-1)).toBeLessThan(STEPS_BEFORE_THE_STOP);
    },
  );

  it('keeps its steps at a damaged clip, and goes on with the clip made again', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train');
    await audio.close();
    const key = `audio/${audio.audioShards[0]}.npy`;
    const bytes = readFileSync(pathOf(key));
    const trainedBefore = permutation(1, 2, CLIPS).subarray(16);
    const last = permutation(1, 3, CLIPS)
      .subarray(16)
      .find((clip) => !trainedBefore.includes(clip))!;
    bytes[npyHeaderBytes + audio.clips[last]!.offset * 2]! ^= 1;
    writeFileSync(pathOf(key), bytes);
    const error: unknown = await train(1, Infinity, { checkpointSeconds: 1000 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(asFailure(error)).toMatchObject({
      type: STORE_DAMAGED,
      details: [[{ kind: 'audio', split: 'train', shard: 0 }]],
    });
    expect(steps).toBe(STEPS - 1);
    await ingestShard(deps, { store: '', planKey, split: 'train', shard: 0 }, ignore);
    await expect(train(1)).resolves.toBe(undisturbed);
    expect(startingSteps()).toEqual([0, STEPS_BEFORE_THE_STOP, STEPS - 1]);
  });

  it('because its disk was full, however often, has not failed to get on', async () => {
    const { create } = store;
    const noRoom = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    store.create = (key, bytes) =>
      key.includes('/checkpoints/') ? Promise.reject(noRoom) : create.call(store, key, bytes);
    try {
      for (let attempt = 0; attempt < 11; attempt++)
        await expect(train(1)).rejects.toThrow('ENOSPC');
    } finally {
      store.create = create;
    }
    expect(startingSteps()).toEqual([0]);
    await expect(train(1)).resolves.toBe(undisturbed);
  });

  it('makes its damaged model again from its last checkpoint', async () => {
    await train(1);
    const attempts = startingSteps().length;
    for (const damage of [flip, cut, lose]) {
      damage(`models/${undisturbed}/model.safetensors`);
      await expect(train(1)).resolves.toBe(undisturbed);
      expect(
        (await context.store.read(`models/${undisturbed}/model.safetensors`))?.length,
      ).toBeGreaterThan(0);
    }
    // Nothing was trained for it.
    expect(startingSteps().slice(attempts)).toEqual([12, 12, 12]);
  });

  it('early, and killed before its model was written, learns nothing more', async () => {
    rmSync(pathOf('training'), { recursive: true });
    const sha256 = await train(2, Infinity, { earlyStop: 1 });
    const manifest = filesBelow('training').find((name) =>
      /^[0-9a-f]+\/manifest\.json$/.test(name),
    )!;
    const first = JSON.parse(readFileSync(pathOf(`training/${manifest}`), 'utf8')) as {
      steps: number;
    };
    expect(first.steps).toBeLessThan(12);
    lose(`training/${manifest}`);
    await expect(train(2, Infinity, { earlyStop: 1 })).resolves.toBe(sha256);
    expect(JSON.parse(readFileSync(pathOf(`training/${manifest}`), 'utf8'))).toMatchObject({
      steps: first.steps,
    });
  });

  it('starts afresh when no checkpoint is valid, to the same student', async () => {
    for (const file of filesBelow(`${training}/checkpoints`).filter((name) =>
      name.endsWith('.json'),
    ))
      cut(`${training}/checkpoints/${file}`);
    await expect(train(1)).resolves.toBe(undisturbed);
    expect(startingSteps()).toEqual([0, 0]);
  });
});
