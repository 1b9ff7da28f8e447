/**
 * GPU workers that train in groups, each on a host of its own where this machine permits network
 * namespaces, with a Temporal server, a CPU worker and a bucket behind a proxy.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot } from '../../../infra/toolchain';
import { childrenOf, Cluster, isAlive, kill } from '../../support/cluster';
import { Hosts, type Host } from '../../support/hosts';
import { writeToneCorpus, type ToneCorpus } from '../../support/tone-corpus';
import { BucketService } from '../bucket-service';
import { closedAtEnd } from '../closed-at-end';
import type { Deed } from '../witness';

export interface GroupWorker {
  process: ChildProcess;
  /** null = this machine's loopback */
  host: Host | null;
}

export class GroupScene {
  workers: GroupWorker[] = [];
  private readonly deeds: Deed[] = [];
  private readTo = 0;
  private rest = '';

  private constructor(
    readonly cluster: Cluster,
    readonly corpus: ToneCorpus,
    readonly service: BucketService,
    readonly hosts: Hosts | null,
    private readonly spare: Host[],
    /** Of the server, and of the bucket's service, as workers on hosts reach them. */
    private readonly reached: { address: string; environment: Record<string, string> },
  ) {}

  /**
   * A scene for some work, closed after it.
   * @param placesOn adds hosts for workers; null = they share this machine's loopback
   */
  static async during<T>(
    placesOn: ((hosts: Hosts) => Host[] | Promise<Host[]>) | null,
    work: (scene: GroupScene) => Promise<T>,
  ): Promise<T> {
    let hosts: Hosts | null = null;
    let opening: Promise<GroupScene> | null = null;
    const open = async (): Promise<GroupScene> => {
      if (!placesOn) return await GroupScene.open(null, []);
      hosts = Hosts.create();
      return await GroupScene.open(hosts, await placesOn(hosts));
    };
    return await closedAtEnd(
      async () => {
        const scene = await opening?.catch(() => null);
        await scene?.close();
        hosts?.remove();
      },
      async () => await work(await (opening = open())),
    );
  }

  /** @param places hosts for workers */
  private static async open(hosts: Hosts | null, places: readonly Host[]): Promise<GroupScene> {
    const cluster = await Cluster.start();
    const corpus = writeToneCorpus(cluster.folder, { train: 160, validation: 16, eval: 16 });
    const service = await BucketService.start('s3', join(cluster.folder, 'buckets'));
    const reached = { address: cluster.address, environment: service.environment };
    if (hosts) {
      const { endpoint } = service.proxy;
      const far = `http://${await hosts.relay(Number(new URL(endpoint).port))}`;
      reached.address = await hosts.relay(Number(cluster.address.split(':')[1]));
      reached.environment = Object.fromEntries(
        Object.entries(service.environment).map(([name, value]) => [
          name,
          value === endpoint ? far : value,
        ]),
      );
    }
    const scene = new GroupScene(cluster, corpus, service, hosts, [...places], reached);
    const environment = { HOME: cluster.folder, CED_CACHE: process.env['CED_CACHE'] ?? '' };
    await cluster.worker('cpu', { environment: { ...environment, ...service.environment } });
    return scene;
  }

  /** Starts workers until so many live, as a supervisor would. */
  async fill(count: number): Promise<void> {
    const dead = this.workers.filter(({ process: { exitCode, signalCode } }) => {
      return exitCode !== null || signalCode !== null;
    });
    this.workers = this.workers.filter((worker) => !dead.includes(worker));
    this.spare.push(...dead.flatMap(({ host }) => host ?? []));
    const missing = Math.max(0, count - this.workers.length);
    await Promise.all(Array.from({ length: missing }, () => this.comes()));
  }

  /** SIGKILL, resolved when the engine is gone as well. */
  async kill({ process: worker }: GroupWorker): Promise<void> {
    const engines = childrenOf(worker.pid ?? NaN);
    await kill(worker);
    while (engines.some(isAlive)) await sleep(10);
  }

  /** Everything that leaders' engines got done in runs on a store, oldest first. */
  deedsOf(store: string): Deed[] {
    this.read();
    return this.deeds.filter((deed) => deed.store === store);
  }

  private async close(): Promise<void> {
    // Its objects are in the cluster's folder, which goes with the cluster.
    await this.service.stop();
    await this.cluster.stop();
  }

  private get book(): string {
    return join(this.cluster.folder, 'witness.jsonl');
  }

  private async comes(): Promise<void> {
    const host = this.spare.shift() ?? null;
    if (this.hosts && !host) throw new Error('no host is left for a worker');
    const options = ['--peers', host?.ip ?? '127.0.0.1'];
    const environment = {
      HOME: this.cluster.folder,
      CED_CACHE: process.env['CED_CACHE'] ?? '',
      ...this.reached.environment,
      CED_WITNESS: this.book,
      CED_ENGINE_ENV: 'CED_WITNESS',
      NODE_OPTIONS: `--require "${join(repositoryRoot, 'dist/test/chaos/witness.js')}"`,
    };
    const { address } = this.reached;
    const place = { options, environment, address, ...(host ? { host } : {}) };
    this.workers.push({ process: await this.cluster.worker('gpu', place), host });
  }

  /** What was written since the last time. */
  private read(): void {
    if (!existsSync(this.book)) return;
    const file = openSync(this.book, 'r');
    const bytes = Buffer.alloc(1 << 20);
    for (let got = 0; (got = readSync(file, bytes, 0, bytes.length, this.readTo)) > 0;) {
      this.readTo += got;
      const lines = (this.rest + bytes.toString('latin1', 0, got)).split('\n');
      this.rest = lines.pop() ?? '';
      this.deeds.push(...lines.map((line) => JSON.parse(line) as Deed));
    }
    closeSync(file);
  }
}

export function enginesOf({ process: { pid } }: GroupWorker): number[] {
  return childrenOf(pid ?? NaN);
}
