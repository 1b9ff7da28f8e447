/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { writeLogits } from '../../activities/write-logits';
import type { Listing } from '../../ced/corpus/listing';
import { logitsJob } from '../../jobs/logits/logits-job';
import type { CorpusManifest } from '../../storage/corpus/corpus-manifest';
import { createCorpus } from '../../storage/corpus/corpus-part';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';
import type { PlanManifest } from '../../storage/corpus/plan-manifest';
import { createPlan, planKeyOf } from '../../storage/corpus/plan-part';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { readRecord } from '../../storage/record';
import { encodeJson, sha256 } from '../../storage/store';
import { GoldenRun, writeGoldenSources } from '../support/golden-run';
import { jobContextOn } from '../support/in-process';

/** Counts what is read of manifests; audio is read from local files. */
class CountingStore extends FolderStore {
  private bytes = 0;
  private reads = 0;

  override async read(key: string): Promise<Uint8Array | null> {
    const found = await super.read(key);
    this.reads++;
    this.bytes += found?.length ?? 0;
    return found;
  }

  /** Since it was last asked. */
  taken(): { bytes: number; reads: number } {
    const { bytes, reads } = this;
    [this.bytes, this.reads] = [0, 0];
    return { bytes, reads };
  }
}

/** Of the shards, the one that is real; the others are names. */
const SHARD = 70;
const JOBS = ['ingest', 'ingest again', 'predict', 'predict again', 'write'] as const;
type Read = Record<(typeof JOBS)[number], { bytes: number; reads: number }>;

let folder: string;
let store: CountingStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-parts-'));
  store = new CountingStore(join(folder, 'store'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function planOf(shards: number): Promise<PlanManifest> {
  writeGoldenSources(folder);
  const listing: Listing = {
    formatVersion: 1,
    clips: [0, 1].map((index) => ({
      clip: `clip-${index}`,
      audio: join(folder, `audio/train-${index}.wav`),
      fingerprint: 'as it was',
      labels: [index],
    })),
    rejected: [],
  };
  const listings = Array.from({ length: shards }, (_, shard) => sha256(`listing ${shard}`));
  listings[SHARD] = sha256(encodeJson(listing));
  const plan: PlanManifest = {
    formatVersion: 1,
    chunkSeconds: 0.2,
    vocabulary: ['Low tone', 'High tone', 'Clicks'].map((name, mid) => ({
      mid: `/t/${mid}`,
      name,
    })),
    splits: {
      train: { listings, clips: 2 * shards, rejected: 0 },
      validation: null,
      eval: null,
    },
  };
  await store.create(layout.listing(planKeyOf(plan), 'train', SHARD), encodeJson(listing));
  return plan;
}

async function corpusOf({
  chunkSeconds,
  vocabulary,
  splits,
}: PlanManifest): Promise<CorpusManifest> {
  const { listings = [] } = splits.train ?? {};
  const { audioSha256 } = await readRecord(store, layout.ingest(listings[SHARD]!), ingestRecord);
  const shardsOf = listings.map((listing, shard) => ({
    ingest: layout.ingest(listing),
    audioSha256: shard === SHARD ? audioSha256 : sha256(`audio ${shard}`),
    clips: 2,
    chunks: 3,
  }));
  const counts = { clips: 2 * shardsOf.length, chunks: 3 * shardsOf.length, samples: 1 };
  const train = { shards: shardsOf.length, ...counts, rejected: 0, labelled: true, shardsOf };
  return {
    formatVersion: 1,
    chunkSeconds,
    vocabulary,
    splits: { train, validation: null, eval: null },
  };
}

/** What each job of one shard reads of the store. */
async function readByJobs(plan: PlanManifest, { parts = true } = {}): Promise<Read> {
  const planKey = planKeyOf(plan);
  const withoutParts = async (): Promise<void> => {
    if (!parts)
      for (const key of await store.list(`plans/${planKey}/parts/`)) await store.remove(key);
  };
  const golden = new GoldenRun(folder);
  const [teacher] = (await golden.importModels()).teachers;
  const context = jobContextOn(store);
  const input = { store: '', planKey, shard: SHARD, split: 'train' as const };
  const predict = golden.logitsInput(planKey, SHARD, [teacher!]);
  const read: Partial<Read> = {};
  const count = async <T>(job: (typeof JOBS)[number], work: () => Promise<T>): Promise<T> => {
    store.taken();
    const result = await work();
    read[job] = store.taken();
    return result;
  };
  const ingest = (): ReturnType<typeof ingestShard> =>
    ingestShard(localDependencies(folder, store), input, () => undefined);

  await createPlan(store, plan);
  await withoutParts();
  expect(await count('ingest', ingest)).toMatchObject({ clips: 2, reused: false });
  expect(await count('ingest again', ingest)).toMatchObject({ reused: true });
  await createCorpus(store, planKey, await corpusOf(plan));
  await withoutParts();
  const predicted = await count('predict', () => logitsJob(context, predict));
  expect(await count('predict again', () => logitsJob(context, predict))).toMatchObject({
    reused: true,
  });
  if (!('audioShard' in predicted)) throw new Error('the shard was there');
  await count('write', () =>
    writeLogits(
      { openStore: () => store, monotonicMs: () => 0 },
      { store: '', shard: SHARD, ...predicted },
    ),
  );
  return read as Read;
}

describe('the jobs of one shard', () => {
  it('read as much of a corpus of 4,000 shards as of one of 400', async () => {
    const few = await readByJobs(await planOf(400));
    rmSync(folder, { recursive: true });
    const many = await readByJobs(await planOf(4000));
    for (const job of JOBS) {
      expect([job, many[job].reads]).toEqual([job, few[job].reads]);
      // Seconds in manifests are written with more digits or fewer.
      expect(Math.abs(many[job].bytes - few[job].bytes)).toBeLessThan(100);
    }
  });

  it('make the parts of a corpus of an earlier version, for those that come after', async () => {
    const plan = await planOf(400);
    const first = await readByJobs(plan, { parts: false });
    expect(await store.list(`plans/${planKeyOf(plan)}/parts/`)).toEqual([
      layout.corpusPart(planKeyOf(plan), 'train', 1),
    ]);
    expect(first['predict again'].bytes).toBeLessThan(first.predict.bytes / 2);
  });
});
