import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { JobContext } from '../../jobs/job-context';
import { writeLogits } from '../../activities/write-logits';
import type { MappedModel } from '../../jobs/mapped-model';
import { runJob } from '../../jobs/run-job';
import type {
  PredictedLogits,
  LeaseWait,
  LogitsBusy,
  LogitsInput,
  LogitsShard,
} from '../../workflows/contract/activities';
import { logitsSchema } from '../../workflows/contract/run-file-sections';
import { whenFree } from '../../workflows/single-flight';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';

const ignore = (): void => undefined;
const rows = 80;
let folder: string;
let input: LogitsInput;

/** The corpus is made once; every test predicts it anew. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-flight-'));
  const deps = localDependencies(folder, storeBelow(folder));
  const { train, vocabulary } = writeToneCorpus(folder, {
    train: rows / 2,
    validation: 0,
    eval: 0,
  });
  const corpus = { train, vocabulary, clipsPerShard: rows, maxRejected: 0 };
  const planKey = await ingestCorpus(deps, corpus, { splits: ['train'] });
  const { checkpoint } = writeUntrainedTeacher(folder, vocabulary, 1);
  const teachers = [{ name: 'teacher', checkpoint, format: 'ced' as const, weight: 1 }];
  const { teachers: ensemble } = await importModels(deps, {
    ...{ store: '', vocabulary, teachers, inits: [] },
  });
  input = {
    store: '',
    planKey,
    shard: 0,
    ensemble,
    settings: logitsSchema.parse({ views: 2, topK: 3, chunkSeconds: 1, seed: 7 }),
  };
});
afterEach(() => rmSync(join(folder, 'store/logits'), { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A worker's engine: its own access to the store, and a real teacher that counts the rows it
 * predicts and can be held before it answers.
 */
class Instance {
  predicted = 0;
  stop = false;
  private go: () => void = ignore;
  private reached: () => void = ignore;
  readonly atWork = new Promise<void>((resolve) => (this.reached = resolve));
  private readonly gate: Promise<void>;
  private readonly context: JobContext;

  constructor(held: 'held' | 'free' = 'free') {
    this.gate = held === 'free' ? Promise.resolve() : new Promise((resolve) => (this.go = resolve));
    const context = jobContextOn(storeBelow(folder));
    this.context = {
      ...context,
      yieldAndCheckStop: () => Promise.resolve(this.stop),
      teacher: async (...wanted) => this.watched(await context.teacher(...wanted)),
    };
  }

  /** Predicts the shard and has it written, unless another run is at it. */
  async ask(run: string, waited?: LeaseWait): Promise<LogitsShard | LogitsBusy> {
    const predicted = await this.predict(run, waited);
    if (!('audioShard' in predicted)) return predicted;
    const { store, monotonicMs } = this.context;
    return await writeLogits(
      { openStore: () => store, monotonicMs },
      { store: '', shard: 0, ...predicted },
    );
  }

  async predict(
    run: string,
    waited?: LeaseWait,
  ): Promise<LogitsShard | PredictedLogits | LogitsBusy> {
    return await runJob(this.context, {
      kind: 'logits',
      input: { ...input, owner: `${run}/0`, ...(waited && { waited }) },
    });
  }

  letGo(): void {
    this.go();
  }

  private watched(teacher: MappedModel): MappedModel {
    const own = teacher.own.bind(teacher);
    teacher.own = async (batch) => {
      this.reached();
      await this.gate;
      this.predicted += batch.batch;
      return await own(batch);
    };
    return teacher;
  }
}

const shardFiles = (): string[] => {
  const [key] = readdirSync(join(folder, 'store/logits'));
  return readdirSync(join(folder, 'store/logits', key!)).map((file) =>
    file.replace(/^[0-9a-f]{64}/, 'shard'),
  );
};
const stored = ['manifest.json', 'shard.json', 'shard.parquet'];

describe('two runs that need the same logit shard at once', () => {
  it('compute it once: the second waits and finds the result of the first', async () => {
    const [first, second] = [new Instance('held'), new Instance()];
    const computing = first.ask('a');
    await first.atWork;
    const pauses: number[] = [];
    const waiting = whenFree<LogitsShard>(
      (waited) => second.ask('b', waited),
      async (ms) => {
        if (pauses.push(ms) < 3) return;
        first.letGo();
        await computing;
      },
    );
    const mine = await computing;
    expect(mine).toMatchObject({ rows, reused: false });
    expect(await waiting).toEqual({ ...mine, reused: true });
    expect(pauses).toEqual([1000, 2000, 4000]);
    expect(second.predicted).toBe(0);
    expect(shardFiles().sort()).toEqual(stored);
  });

  it('hand it over at once when the first is cancelled', async () => {
    const [first, second] = [new Instance('held'), new Instance()];
    const computing = first.ask('a');
    await first.atWork;
    expect(await second.ask('b')).toHaveProperty('busy.leftMs');
    first.stop = true;
    first.letGo();
    await expect(computing).rejects.toBeInstanceOf(EngineStopped);
    expect(await second.ask('b')).toMatchObject({ rows, reused: false });
    expect(shardFiles().sort()).toEqual(stored);
  });

  it('hand it over a minute after the first is killed, and no late write changes it', async () => {
    const [first, second] = [new Instance('held'), new Instance()];
    const ghost = first.ask('a');
    await first.atWork;
    let waitedMs = 0;
    const shard = await whenFree<LogitsShard>(
      (waited) => second.ask('b', waited),
      (ms) => Promise.resolve((waitedMs += ms)),
    );
    expect(shard).toMatchObject({ rows, reused: false });
    expect(waitedMs).toBeGreaterThanOrEqual(60_000);
    expect(waitedMs).toBeLessThan(125_000);
    first.letGo();
    expect(await ghost).toMatchObject({ rows, bytes: shard.bytes });
    expect(await new Instance().ask('c')).toEqual({ ...shard, reused: true });
  });

  it("predict it once also before it is written: the second writes the first's rows", async () => {
    const [first, second] = [new Instance(), new Instance()];
    expect(await first.predict('a')).toMatchObject({ reused: false });
    expect(shardFiles().sort()).toEqual(['manifest.json', 'shard.rows']);
    expect(await second.ask('b')).toMatchObject({ rows, reused: false });
    expect(second.predicted).toBe(0);
    expect(shardFiles().sort()).toEqual(stored);
  });

  it('do not wait when the one is a retry of the other', async () => {
    const first = new Instance('held');
    const ghost = first.ask('a');
    await first.atWork;
    expect(await new Instance().ask('a')).toMatchObject({ rows, reused: false });
    first.letGo();
    await ghost;
  });
});
