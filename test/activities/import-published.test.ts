import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainJob } from '../../jobs/train/training-job';
import type { ActivityDependencies } from '../../activities/dependencies';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importPublishedLogits } from '../../activities/import-published-logits';
import { planCorpus } from '../../activities/plan-corpus';
import { FolderStore } from '../../storage/folder-store';
import { readPublishedRows } from '../../ced/logits/published/published-file';
import { publishedAugmentation } from '../../ced/logits/published/replay';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { studentSchema } from '../../workflows/contract/run-file-sections';
import { wavBytes } from '../ced/audio/wav-bytes';
import { localDependencies } from '../../activities/local-dependencies';
import { jobContextOn, storeBelow, storedTables } from '../support/in-process';
import { trainingInput } from '../support/training-input';

const reference = join(__dirname, '../reference/published');
const classes = Array.from({ length: 527 }, (_, index) => ({
  mid: `/m/${index}`,
  name: `class ${index}`,
}));
/**
 * As long as the clips behind the reference files; the last is under half a chunk, so that the
 * published code left it out.
 */
const lengths = {
  'clip0.wav': 160_000,
  'clip1.flac.wav': 16_000,
  'clip1.wav': 123_456,
  'clip2.wav': 95_000,
  'clip3.wav': 70_000,
};

describe("importing the authors' published logits", () => {
  let folder: string;
  let deps: ActivityDependencies;
  let store: FolderStore;
  const ignore = (): void => undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-published-'));
    store = storeBelow(folder);
    deps = localDependencies(folder, store);
    cpSync(reference, join(folder, 'published'), { recursive: true });
    writeFileSync(join(folder, 'vocabulary.csv'), formatVocabularyCsv(classes));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const prepare = async (files: Record<string, number>): Promise<string> => {
    Object.entries(files).forEach(([file, samples], clip) => {
      mkdirSync(join(folder, 'audio', file, '..'), { recursive: true });
      const noise = Array.from(
        { length: samples },
        (_, at) => ((at * 7919 * (clip + 1)) % 2001) - 1000,
      );
      writeFileSync(join(folder, 'audio', file), wavBytes([noise], { bits: 16 }));
    });
    const rows = Object.keys(files).map((file, clip) =>
      JSON.stringify({ clip: `id-${clip}`, audio: `audio/${file}` }),
    );
    writeFileSync(join(folder, 'train.jsonl'), rows.join('\n'));
    const corpus = {
      train: 'train.jsonl',
      vocabulary: 'vocabulary.csv',
      clipsPerShard: 3,
      maxRejected: 0,
    };
    const { planKey, splits } = await planCorpus(
      deps,
      { store: '', corpus, chunkSeconds: 10 },
      ignore,
    );
    for (let shard = 0; shard < (splits.train?.shards ?? 0); shard++)
      await ingestShard(deps, { store: '', planKey, split: 'train', shard }, ignore);
    await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds: 10 });
    return planKey;
  };
  const audioShards = async (): Promise<string[]> =>
    (await store.list('audio/'))
      .filter((key) => key.endsWith('.npy'))
      .map((key) => key.slice('audio/'.length, -'.npy'.length));
  const importFrom = (planKey: string) =>
    importPublishedLogits(deps, { store: '', planKey, published: 'published' }, ignore);

  it('stores every probability bit by bit, with the parameters that its seed draws', async () => {
    const planKey = await prepare(lengths);
    const imported = await importFrom(planKey);
    expect(imported).toMatchObject({ rows: 6, views: 2, topK: 20, chunks: 3, chunksWithout: 2 });
    const tables = await storedTables(store, imported.logitsKey, await audioShards());
    const published = await Promise.all(
      [1, 2].map(async (pass) => {
        const name = `logits_ep${pass}_0.h5`;
        return await readPublishedRows(
          new Uint8Array(await new FolderStore(reference).read(name).then((bytes) => bytes ?? [])),
          name,
        );
      }),
    );
    const stored = tables.flatMap((table) =>
      Array.from({ length: table.rows }, (_, row) => ({
        view: table.view[row]!,
        pairs: new Map(
          Array.from(
            { length: 20 },
            (_, rank) => [table.indexes[row * 20 + rank]!, table.values[row * 20 + rank]!] as const,
          ),
        ),
        parameters: [
          table.shift[row],
          table.timeStart[row],
          table.timeWidth[row],
          table.freqStart[row],
          table.freqWidth[row],
        ],
      })),
    );
    expect(stored).toHaveLength(6);
    published.forEach((pass, view) => {
      [160_000, 123_456, 95_000].forEach((samples, row) => {
        const parameters = publishedAugmentation(pass.seeds[row]!, samples);
        const { shift, timeStart, timeWidth, freqStart, freqWidth } = parameters;
        expect(stored).toContainEqual({
          view,
          pairs: new Map(
            Array.from(
              { length: 20 },
              (_, rank) => [pass.indexes[row * 20 + rank]!, pass.values[row * 20 + rank]!] as const,
            ),
          ),
          parameters: [shift, timeStart, timeWidth, freqStart, freqWidth],
        });
      });
    });
  });

  it('computes nothing the second time, and gives the same key', async () => {
    const planKey = await prepare(lengths);
    const first = await importFrom(planKey);
    const second = await importFrom(planKey);
    expect({ ...second, seconds: 0 }).toEqual({ ...first, seconds: 0 });
  });

  it('trains a student on the chunks that were published, without any teacher', async () => {
    const planKey = await prepare(lengths);
    const { logitsKey, views, topK } = await importFrom(planKey);
    const settings = studentSchema.parse({
      name: 'student',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 2,
      batchSize: 2,
      warmupSteps: 0,
      mixup: 0,
    });
    const context = {
      ...jobContextOn(store),
      teacher: () => Promise.reject(new Error('there is no teacher')),
    };
    const targets = {
      kind: 'logits',
      logitsKey,
      storedViews: views,
      storedTopK: topK,
      seed: 0,
      partial: true,
    } as const;
    const augment = {
      shift: { maxFraction: 0.5, probability: 0.5 },
      timeMask: { maxFrames: 192 },
      freqMask: { maxBins: 24 },
    };
    const trained = await trainJob(
      context,
      trainingInput({
        planKey,
        settings,
        targets,
        augment,
        chunkSeconds: 10,
        hasValidation: false,
      }),
    );
    expect(trained).toMatchObject({ epochs: 2, steps: 4, rowsTrained: 6 });
  });

  it('refuses two clips that a published name could mean', async () => {
    const planKey = await prepare({ ...lengths, 'again/clip0.wav': 160_000 });
    await expect(importFrom(planKey)).rejects.toMatchObject({
      code: 'LogitsMismatch',
      message: expect.stringContaining('clip0.wav could be clip id-0 or clip id-5') as unknown,
    });
  });

  it('refuses a corpus of which no chunk was published', async () => {
    const planKey = await prepare({ 'clip0.wav': 150_000, 'other.wav': 160_000 });
    await expect(importFrom(planKey)).rejects.toMatchObject({
      code: 'LogitsMismatch',
      message: expect.stringContaining(
        '(4 of its rows name other clips, 2 other lengths)',
      ) as unknown,
    });
  });

  it('refuses a folder that lacks a pass', async () => {
    const planKey = await prepare(lengths);
    rmSync(join(folder, 'published', 'logits_ep1_0.h5'));
    await expect(importFrom(planKey)).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringContaining('holds 1 passes, but not logits_ep1_*.h5') as unknown,
    });
  });

  it('names the file that it cannot use, and imports the same after it was replaced', async () => {
    const planKey = await prepare(lengths);
    const before = await importFrom(planKey);
    const file = join(folder, 'published', 'logits_ep2_0.h5');
    cpSync(join(reference, '../hostile/virtual.h5'), file);
    await expect(importFrom(planKey)).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringContaining(
        `logits.published: ${file}: topk_values is put together from other datasets`,
      ) as unknown,
    });
    cpSync(join(reference, 'logits_ep2_0.h5'), file);
    expect({ ...(await importFrom(planKey)), seconds: 0 }).toEqual({ ...before, seconds: 0 });
  });

  it('refuses a file with fewer rows than its table names', async () => {
    const planKey = await prepare(lengths);
    const file = join(folder, 'published', 'logits_ep1_0.h5');
    cpSync(join(reference, '../hostile/two-rows.h5'), file);
    await expect(importFrom(planKey)).rejects.toMatchObject({
      code: 'LogitsMismatch',
      message: `${file}: 2 rows, its .parquet names row 2`,
    });
  });
});
