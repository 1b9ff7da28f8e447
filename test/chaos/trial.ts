/**
 * One run on the scene, and what can be known of it from outside: what its engines got done, what
 * stands in its store.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { readRecord } from '../../storage/record';
import type { Store } from '../../storage/store';
import { trainingRecord } from '../../storage/training/training-manifest';
import { verifyStore } from '../../cli/store/store-verification';
import type { RunResult } from '../../workflows/contract/activities';
import type { RunStatus } from '../../workflows/contract/status';
import type { BucketService, Scheme } from './bucket-service';
import { CLIPS, SHARDS, type Scene } from './scene';
import { mountDisk, type SmallDisk } from './small-disk';
import type { Deed } from './witness';

const VIEWS = 16;
const EPOCHS = 30;
const BATCH = 8;
export const ROWS = CLIPS * VIEWS;
export const STEPS = (EPOCHS * CLIPS) / BATCH;

export type Place = 'folder' | 'bucket' | 'small disk';

export class Trial {
  handle!: WorkflowHandle;
  /** Where progress begins to count: when the fault is over, unless it says otherwise. */
  landedMs: number | null = null;

  private constructor(
    readonly scene: Scene,
    readonly name: string,
    readonly storeUri: string,
    readonly store: Store,
    readonly disk: SmallDisk | null,
    /** Where the store is, if in a bucket. */
    readonly service: BucketService | null,
    private readonly resume: 'continue' | 'exact',
    private readonly logitsSeed: number,
    /** Of a run with other logits on the same audio, if the fault needs one. */
    readonly other: Store | null,
  ) {}

  static async start(
    scene: Scene,
    name: string,
    place: Place = 'folder',
    {
      resume = 'continue',
      logitsSeed = 7,
      other = null,
      scheme = 'gs',
    }: {
      resume?: 'continue' | 'exact';
      logitsSeed?: number;
      other?: Store | null;
      /** Of the bucket, if the place is one. */
      scheme?: Scheme;
    } = {},
  ): Promise<Trial> {
    const service = place === 'bucket' ? scene.service(scheme) : null;
    const trial = service?.store(name) ?? {
      uri: `store-${name}`,
      store: new FolderStore(join(scene.cluster.folder, `store-${name}`)),
    };
    if (place !== 'bucket') mkdirSync(trial.store.uri);
    const disk = place === 'small disk' ? mountDisk(trial.store.uri) : null;
    const { uri, store } = trial;
    const started = new Trial(
      ...([scene, name, uri, store, disk, service, resume, logitsSeed, other] as const),
    );
    await started.begin();
    return started;
  }

  /** Also after the run has ended. */
  async begin(): Promise<void> {
    const student = {
      name: 'student',
      model: { embedDim: 32, depth: 2, heads: 2 },
      epochs: EPOCHS,
      batchSize: BATCH,
      learningRate: 2e-3,
      warmupSteps: 20,
      validateEvery: 5,
      averageBest: 2,
      checkpointSeconds: 0.5,
      seed: 3,
    };
    const run = {
      name: this.name,
      store: this.storeUri,
      corpus: { ...this.scene.corpus, clipsPerShard: CLIPS / SHARDS },
      teachers: [this.scene.teacher],
      logits: { views: VIEWS, topK: 4, chunkSeconds: 1, seed: this.logitsSeed },
      students: [student],
      resume: this.resume,
    };
    this.handle = await this.scene.cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: this.name,
      args: [run],
    });
  }

  deeds(): Deed[] {
    return this.scene.deeds(this.storeUri);
  }

  /** While the server or the CPU worker is gone, nobody answers: null. */
  async status(): Promise<RunStatus | null> {
    return await this.handle.query<RunStatus>('status').catch(() => null);
  }

  /** Progress counts from here on. */
  landed(): void {
    this.landedMs = Date.now();
  }

  /** Keys of the newest checkpoint's files; waits for one to be there. */
  async newestCheckpoint(): Promise<string[]> {
    return await this.eventually(async () => {
      const keys = (await this.store.list('training/')).filter((key) =>
        key.includes('/checkpoints/'),
      );
      const newest = keys.filter((key) => key.endsWith('/state.json')).at(-1);
      return newest === undefined
        ? null
        : keys.filter((key) => key.startsWith(newest.replace('state.json', '')));
    });
  }

  async eventually<T>(look: () => T | null | Promise<T | null>, limitMs = 240_000): Promise<T> {
    for (const deadline = performance.now() + limitMs; ; await sleep(10)) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new Error(`not reached within ${limitMs / 1000} s`);
    }
  }

  /**
   * One hash over the bytes of every logit shard and of the student, whether it calls itself
   * bit-exact, and the last checkpoint: a student is the mean of its best epochs, the checkpoint
   * holds every step.
   */
  async fingerprint(result: RunResult): Promise<string> {
    const hash = createHash('sha256');
    for (const key of await this.shardKeys(result))
      hash.update(key.slice(key.lastIndexOf('/'))).update((await this.store.read(key)) ?? '');
    for (const { sha256, bitExact } of result.students)
      hash.update(String(bitExact)).update((await this.store.read(layout.model(sha256))) ?? '');
    for (const key of await this.newestCheckpoint())
      if (key.endsWith('.safetensors'))
        hash.update(key.split('/').slice(-2).join('/')).update((await this.store.read(key)) ?? '');
    return hash.digest('hex');
  }

  /**
   * What is wrong with what the run left, or null: rows planned = written = trained on, nothing
   * half there, nothing alive.
   */
  async fault(result: RunResult): Promise<string | null> {
    const shards = await this.shardKeys(result);
    const manifests = await Promise.all(
      shards.map((key) => readRecord(this.store, key.replace('.parquet', '.json'), logitsRecord)),
    );
    const sum = (of: 'rowsPlanned' | 'rowsWritten'): number =>
      manifests.reduce((rows, manifest) => rows + manifest[of], 0);
    if (
      shards.length !== SHARDS ||
      sum('rowsPlanned') !== ROWS ||
      sum('rowsWritten') !== ROWS ||
      result.logits?.rows !== ROWS
    )
      return `${ROWS} rows planned, ${sum('rowsWritten')} written in ${shards.length} shards`;
    const [key] = (await this.store.list('training/')).filter((each) =>
      /^training\/[^/]+\/manifest\.json$/.test(each),
    );
    const trained = await readRecord(this.store, key ?? 'training/manifest.json', trainingRecord);
    if (trained.rowsTrained !== EPOCHS * CLIPS || trained.steps !== STEPS)
      return `${trained.rowsTrained} rows trained on, ${EPOCHS * CLIPS} planned`;
    const { damaged } = await verifyStore(this.store);
    // Best weights that no checkpoint came to name are what a kill leaves; nothing reads them.
    const half = damaged.filter(({ why }) => why !== 'no manifest names it');
    if (half.length > 0) return `${half[0]?.key} ${half[0]?.why}`;
    const orphans = await this.scene.orphans(this.storeUri);
    return orphans.length > 0 ? `orphaned engine ${orphans.join(', ')}` : null;
  }

  private async shardKeys(result: RunResult): Promise<string[]> {
    return (await this.store.list(`logits/${result.logits?.key}/`)).filter((key) =>
      key.endsWith('.parquet'),
    );
  }
}
