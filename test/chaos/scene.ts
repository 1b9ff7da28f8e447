/**
 * A small pipeline of real processes: a Temporal server, two storage servers behind proxies, a CPU
 * and a GPU worker, a corpus of tones.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot } from '../../infra/toolchain';
import { childrenOf, Cluster, isAlive, kill, type WorkerPlace } from '../support/cluster';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import { BucketService, SCHEMES, type Scheme } from './bucket-service';
import type { Deed } from './witness';

export const CLIPS = 64;
export const SHARDS = 4;

export class Scene {
  /** GPU workers that were replaced and may still live. */
  private readonly old: ChildProcess[] = [];
  private gpuIsPlain = true;

  private constructor(
    readonly cluster: Cluster,
    private readonly services: readonly BucketService[],
    readonly corpus: ToneCorpus,
    readonly teacher: object,
  ) {}

  cpu!: ChildProcess;
  gpu!: ChildProcess;

  static async open(): Promise<Scene> {
    const cluster = await Cluster.start();
    const corpus = writeToneCorpus(cluster.folder, { train: CLIPS, validation: 16, eval: 16 });
    const teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    const services: BucketService[] = [];
    for (const scheme of SCHEMES)
      services.push(await BucketService.start(scheme, join(cluster.folder, 'buckets')));
    const scene = new Scene(cluster, services, corpus, teacher);
    [scene.cpu, scene.gpu] = await Promise.all([scene.worker('cpu'), scene.worker('gpu')]);
    return scene;
  }

  service(scheme: Scheme): BucketService {
    return this.services.find((service) => service.scheme === scheme)!;
  }

  /** Starts a worker whose engine is witnessed. */
  async worker(queue: 'cpu' | 'gpu', place: WorkerPlace = {}): Promise<ChildProcess> {
    const preloaded = ['witness', 'wrong-clock'].map(
      (name) => `--require "${join(repositoryRoot, 'dist/test/chaos', `${name}.js`)}"`,
    );
    const environment = {
      HOME: this.cluster.folder,
      CED_CACHE: process.env['CED_CACHE'] ?? '',
      ...Object.assign({}, ...this.services.map((service) => service.environment)),
      CED_WITNESS: this.book,
      CED_ENGINE_ENV: 'CED_WITNESS,CED_CLOCK_OFFSET_MS',
      NODE_OPTIONS: [process.env['NODE_OPTIONS'] ?? '', ...preloaded].join(' '),
      ...place.environment,
    };
    return await this.cluster.worker(queue, { ...place, environment });
  }

  /** Another GPU worker takes the place of the present one, which is left as it is. */
  async replaceGpu(place: WorkerPlace = {}): Promise<void> {
    this.old.push(this.gpu);
    this.gpuIsPlain = Object.keys(place).length === 0;
    this.gpu = await this.worker('gpu', place);
  }

  /** As after `open`: one CPU and one GPU worker with nothing special about them. */
  async settle(): Promise<void> {
    for (const worker of this.old.splice(0)) await this.kill(worker);
    if (!this.gpuIsPlain) await this.kill(this.gpu);
    await this.revive();
  }

  /** Starts what is dead. */
  async revive(): Promise<void> {
    if (isDead(this.cpu)) this.cpu = await this.worker('cpu');
    if (!isDead(this.gpu)) return;
    this.gpu = await this.worker('gpu');
    this.gpuIsPlain = true;
  }

  /** SIGKILL to a worker, frozen ones too; resolved when its engine is gone as well. */
  async kill(worker: ChildProcess): Promise<void> {
    const engines = enginesOf(worker);
    await kill(worker);
    // The kernel takes them apart after their worker; one that stays is an orphan, and found as
    // such.
    for (
      const deadline = performance.now() + 5000;
      engines.some(isAlive) && performance.now() < deadline;
    )
      await sleep(10);
  }

  /** To the GPU worker's engine, if it has one now. */
  signalEngine(signal: NodeJS.Signals): void {
    for (const pid of enginesOf(this.gpu)) process.kill(pid, signal);
  }

  /** Everything that engines got done in runs on `store`, oldest first. */
  deeds(store: string): Deed[] {
    if (!existsSync(this.book)) return [];
    const lines = readFileSync(this.book, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Deed).filter((deed) => deed.store === store);
  }

  /** Engines that were at work on `store`, whose worker is gone and that live on. */
  async orphans(store: string): Promise<number[]> {
    const pids = new Set(this.deeds(store).map(({ pid }) => pid));
    const own = [this.gpu, ...this.old].flatMap(enginesOf);
    const suspects = [...pids].filter((pid) => !own.includes(pid));
    for (
      const deadline = performance.now() + 5000;
      suspects.some(isAlive) && performance.now() < deadline;
    )
      await sleep(50);
    return suspects.filter(isAlive);
  }

  async close(): Promise<void> {
    await this.cluster.stop();
    for (const service of this.services) await service.stop();
  }

  private get book(): string {
    return join(this.cluster.folder, 'witness.jsonl');
  }
}

export function isDead(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function enginesOf(worker: ChildProcess): number[] {
  return isDead(worker) ? [] : childrenOf(worker.pid ?? 0);
}
