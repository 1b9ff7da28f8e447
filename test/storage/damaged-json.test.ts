import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import type { ActivityDependencies } from '../../activities/dependencies';
import { readMetrics } from '../../storage/training/metrics-segment';
import { trainJob } from '../../jobs/train/training-job';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { scoreJob } from '../../jobs/score/score-job';
import type { JobContext } from '../../jobs/job-context';
import { importModels } from '../../activities/import-models';
import { planCorpus } from '../../activities/plan-corpus';
import { ChampionLedger } from '../../storage/champion-ledger';
import type { FolderStore } from '../../storage/folder-store';
import { decodeChecksummed, encodeChecksummed } from '../../storage/checksum';
import { z } from 'zod';
import { corpusRecord } from '../../storage/corpus/corpus-manifest';
import { createRecordOrAdopt, readRecordOrQuarantine } from '../../storage/quarantine';
import { encodeRecord, readRecord, record } from '../../storage/record';
import { sha256 } from '../../storage/store';
import { verifyStore } from '../../cli/store/store-verification';
import { STORE_DAMAGED } from '../../workflows/contract/damage';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { localDependencies } from '../../activities/local-dependencies';
import { predictAndWrite, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { storedTargets, trainingInput } from '../support/training-input';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import type { ModelReference, TrainedModel } from '../../workflows/contract/models';
import { readScores } from '../../storage/scores';

const ignore = (): void => undefined;

describe('JSON with a checksum', () => {
  const value = {
    formatVersion: 1,
    name: 'a "quoted" name',
    list: [1, 2.5, null],
    nested: { deep: true },
  };
  const bytes = encodeChecksummed(value);

  it('is plain JSON with a field more', () => {
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
      ...value,
      seal: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(decodeChecksummed(bytes)).toEqual({ value, checksummed: true });
  });

  it('holds when another hand has laid it out anew, and is not asked of what never had one', () => {
    const pretty = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(bytes).toString()), null, 2));
    expect(decodeChecksummed(pretty)).toEqual({ value, checksummed: true });
    expect(decodeChecksummed(Buffer.from(JSON.stringify(value)))).toEqual({
      value,
      checksummed: false,
    });
  });

  it('finds each flipped bit and missing byte, or returns every field unchanged', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const found = decodeChecksummed(flipped);
      if (typeof found !== 'string') expect(found.value).toMatchObject(value);
    }
    for (let length = 0; length < bytes.length - 1; length++)
      expect(decodeChecksummed(bytes.subarray(0, length))).toEqual(expect.any(String));
  });
});

/** One small run's store; every test damages one kind of file in it and has it repaired. */
describe('JSON of a store', () => {
  let folder: string;
  let store: FolderStore;
  let deps: ActivityDependencies;
  let context: JobContext;
  let run: DistillRun;
  let planKey: string;
  let teacher: ModelReference;
  let trained: TrainedModel;

  const at = (key: string): string => join(folder, 'store', key);
  const plan = (): Promise<{ planKey: string }> =>
    planCorpus(
      deps,
      { store: '', corpus: run.corpus, chunkSeconds: 1, continues: 'damaged' },
      ignore,
    );
  const ingest = (split: 'train' | 'validation'): ReturnType<typeof ingestShard> =>
    ingestShard(deps, { store: '', planKey, split, shard: 0 }, ignore);
  const score = (): ReturnType<typeof scoreJob> =>
    scoreJob(context, {
      store: '',
      planKey,
      split: 'validation',
      model: teacher,
      chunkSeconds: 1,
      precision: 'float32',
    });
  const predict = (): ReturnType<typeof predictAndWrite> => {
    if ('published' in run.logits) throw new Error('the logits of this run are computed');
    return predictAndWrite(context, {
      store: '',
      planKey,
      shard: 0,
      ensemble: [{ ...teacher, weight: 1 }],
      settings: run.logits,
    });
  };
  const train = async (): Promise<TrainedModel> => {
    if ('published' in run.logits) throw new Error('the logits of this run are computed');
    const input = trainingInput({
      planKey,
      settings: run.students[0]!,
      targets: storedTargets((await predict()).logitsKey),
      augment: run.logits.augment,
      ensemble: [{ ...teacher, weight: 1 }],
    });
    return await trainJob(context, input);
  };
  const contentOf = async (split: 'train' | 'validation'): Promise<string> =>
    (await readCorpusClips(store, planKey, split)).contentSha256;
  const failureOf = async (work: Promise<unknown>): Promise<Error> =>
    asFailure(
      await work.then(
        () => new Error('nothing failed'),
        (error: unknown) => error,
      ),
    );
  const one = async (prefix: string, ending: string): Promise<string> =>
    (await store.list(prefix)).find((key) => key.endsWith(ending)) ?? `no ${prefix}…${ending}`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-json-'));
    store = storeBelow(folder);
    deps = localDependencies(folder, store);
    context = jobContextOn(store);
    const corpus = {
      ...writeToneCorpus(folder, { train: 12, validation: 4, eval: 0 }),
      eval: undefined,
      clipsPerShard: 12,
    };
    run = distillRunSchema.parse({
      name: 'damaged',
      store: 'store',
      corpus,
      teachers: [writeUntrainedTeacher(folder, corpus.vocabulary, 5)],
      logits: { views: 2, topK: 3, chunkSeconds: 1, seed: 7 },
      students: [
        {
          name: 'student',
          model: { embedDim: 32, depth: 1, heads: 2 },
          epochs: 2,
          batchSize: 8,
          warmupSteps: 2,
          checkpointSeconds: 1000,
          seed: 1,
        },
      ],
    });
    ({ planKey } = await plan());
    for (const split of ['train', 'validation'] as const) await ingest(split);
    await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 1 });
    const imported = await importModels(deps, {
      store: '',
      vocabulary: run.corpus.vocabulary,
      teachers: run.teachers,
      inits: [],
    });
    teacher = imported.teachers[0]!;
    await score();
    trained = await train();
    expect((await verifyStore(store)).damaged).toEqual([]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each([
    ['flipped in one bit', (path: string): void => flip(path)],
    ['truncated', (path: string): void => truncateSync(path, readFileSync(path).length >> 1)],
  ])('that was %s', (_, damage) => {
    /** Damages it and sees that `ced store verify` finds it. */
    const damaged = async (key: string): Promise<Buffer> => {
      const intact = readFileSync(at(key));
      damage(at(key));
      expect((await verifyStore(store)).damaged.map((each) => each.key)).toContain(key);
      return intact;
    };
    const restored = async (): Promise<void> =>
      expect((await verifyStore(store)).damaged).toEqual([]);

    it('in an ingest manifest is damage to its shard, which is ingested again', async () => {
      const content = await contentOf('train');
      const { splits } = await readRecord(store, `plans/${planKey}/corpus.json`, corpusRecord);
      await damaged(splits.train!.shardsOf[0]!.ingest);
      expect(await failureOf(contentOf('train'))).toMatchObject({
        type: STORE_DAMAGED,
        details: [[{ kind: 'audio', split: 'train', shard: 0 }]],
      });
      await expect(ingest('train')).resolves.toMatchObject({ reused: false });
      expect(await contentOf('train')).toBe(content);
      await restored();
    });

    it('in the finalized corpus is made again by its reader, the same', async () => {
      const content = await contentOf('train');
      const intact = await damaged(`plans/${planKey}/corpus.json`);
      expect(await contentOf('train')).toBe(content);
      expect(readFileSync(at(`plans/${planKey}/corpus.json`)).equals(intact)).toBe(true);
      await restored();
    });

    it.each(['plan.json', 'train-000000.json'])(
      'in %s ends a run that needs it, by name, and the next plan writes it again',
      async (file) => {
        const intact = await damaged(`plans/${planKey}/${file}`);
        const [key] = await store.list('ingest/');
        const manifests = await Promise.all(
          (await store.list('ingest/')).map(
            async (each) => [each, await store.read(each)] as const,
          ),
        );
        for (const [each] of manifests) await store.remove(each);
        expect(key).toBeDefined();
        expect(await failureOf(ingest('train'))).toMatchObject({
          type: 'CorpusInvalid',
          message: expect.stringContaining(`${planKey}/${file} is damaged`),
        });
        for (const [each, bytes] of manifests) await store.create(each, bytes!);
        await expect(plan()).resolves.toMatchObject({ planKey });
        expect(readFileSync(at(`plans/${planKey}/${file}`)).equals(intact)).toBe(true);
        await restored();
      },
    );

    it.each(['.json', '.f32'])(
      'in scores (%s) is refused by name, and scored again',
      async (ending) => {
        const content = await contentOf('validation');
        const before = await readScores(store, teacher.sha256, content);
        const key = await one('scores/', ending);
        await damaged(key);
        expect(await failureOf(readScores(store, teacher.sha256, content))).toMatchObject({
          type: STORE_DAMAGED,
          message: expect.stringContaining(key),
        });
        await expect(score()).resolves.toMatchObject({ reused: false });
        expect(await readScores(store, teacher.sha256, content)).toEqual(before);
        await restored();
      },
    );

    it("in a logit shard's manifest has the shard computed again, the same", async () => {
      const { logitsKey } = await predict();
      const shard = readFileSync(at(await one(`logits/${logitsKey}/`, '.parquet')));
      await damaged((await one(`logits/${logitsKey}/`, '.parquet')).replace('.parquet', '.json'));
      await expect(predict()).resolves.toMatchObject({ reused: false });
      expect(readFileSync(at(await one(`logits/${logitsKey}/`, '.parquet'))).equals(shard)).toBe(
        true,
      );
      await restored();
    });

    it("in a trained model's manifest is written again, from the last checkpoint", async () => {
      await damaged(`training/${trained.trainingKey}/manifest.json`);
      await expect(train()).resolves.toMatchObject({
        sha256: trained.sha256,
        steps: trained.steps,
      });
      await restored();
    });

    it('in the record of an attempt is left out', async () => {
      await damaged(await one(`training/${trained.trainingKey}/attempts/`, '.json'));
      await store.remove(`training/${trained.trainingKey}/manifest.json`);
      await expect(train()).resolves.toMatchObject({ sha256: trained.sha256 });
      await restored();
    });

    it('in the pointer to the last plan is planned anew', async () => {
      await damaged('runs/damaged/plan.json');
      await expect(plan()).resolves.toMatchObject({ planKey });
      await restored();
    });

    it('in metrics is refused by name; emptied, it is gone on without', async () => {
      const key = await one(`training/${trained.trainingKey}/metrics/`, '.jsonl');
      const intact = await damaged(key);
      const failure = await failureOf(readMetrics(store, trained.trainingKey, trained.steps));
      expect(failure).toMatchObject({
        type: STORE_DAMAGED,
        message: expect.stringContaining(`${key} is damaged; restore it, or empty it`),
      });
      writeFileSync(at(key), '');
      expect(await readMetrics(store, trained.trainingKey, trained.steps)).toEqual([]);
      writeFileSync(at(key), intact);
      expect(await readMetrics(store, trained.trainingKey, trained.steps)).not.toEqual([]);
      await restored();
    });

    it("in a champion's entry is refused by name", async () => {
      const champion = storeBelow(join(folder, 'champion'));
      const entry = join(champion.uri, '1.json');
      rmSync(champion.uri, { recursive: true, force: true });
      await champion.create(
        '1.json',
        encodeChecksummed({ formatVersion: 1, entry: 1, sha256: 'a'.repeat(64), mAP: 0.5 }),
      );
      damage(entry);
      expect(await failureOf(ChampionLedger.read(champion))).toMatchObject({
        type: STORE_DAMAGED,
        message: expect.stringMatching(/1\.json is damaged .*restore it/),
      });
    });

    it('gives way to a second writer, who would have adopted it whole', async () => {
      const timed = record('timed', 1, z.object({ seconds: z.number() }));
      const write = (seconds: number): Promise<unknown> =>
        createRecordOrAdopt(store, 'judged.json', timed, { seconds });
      expect(await write(1)).toBeNull();
      expect(await write(2)).toEqual({ seconds: 1 });
      expect(readFileSync(at('judged.json'))).toEqual(encodeRecord('judged.json', { seconds: 1 }));
      damage(at('judged.json'));
      const found = sha256(readFileSync(at('judged.json')));
      expect(await write(2)).toBeNull();
      expect(readFileSync(at('judged.json'))).toEqual(encodeRecord('judged.json', { seconds: 2 }));
      expect(await store.exists(`quarantine/judged.json-${found.slice(0, 16)}`)).toBe(true);
      expect(await readRecordOrQuarantine(store, 'judged.json', timed)).toEqual({ seconds: 2 });
      await store.remove('judged.json');
    });
  });
});

/** In the middle of the file. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
