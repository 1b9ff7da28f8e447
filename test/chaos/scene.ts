/** A small pipeline of real processes: one Temporal server, a CPU and a GPU worker, a corpus of tones, and a run file for each try. */
import { createHash } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunResult } from '../../workflows/contract/activities';
import { childrenOf, Cluster, isAlive } from '../support/cluster';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntaughtTeacher } from '../support/untaught-teacher';

export const EPOCHS = 30;
const CLIPS = 64;
const BATCH = 8;
export const STEPS_PER_EPOCH = CLIPS / BATCH;

export class Scene {
  private readonly engines = new Set<number>();

  private constructor(
    readonly cluster: Cluster,
    private readonly corpus: ToneCorpus,
    private readonly teacher: object,
    public cpu: ChildProcess,
    public gpu: ChildProcess,
  ) {}

  static async open(): Promise<Scene> {
    const cluster = await Cluster.start();
    const corpus = writeToneCorpus(cluster.folder, { train: CLIPS, validation: 16, eval: 16 });
    const teacher = writeUntaughtTeacher(cluster.folder, corpus.vocabulary, 1);
    return new Scene(cluster, corpus, teacher, await cluster.worker('cpu'), await cluster.worker('gpu'));
  }

  async start(name: string): Promise<WorkflowHandle> {
    const student = { name: 'student', model: { embedDim: 32, depth: 2, heads: 2 }, epochs: EPOCHS, batchSize: BATCH, learningRate: 2e-3, warmupSteps: 20, validateEvery: 5, averageBest: 2, checkpointSeconds: 0.5, seed: 3 }; // prettier-ignore
    const run = {
      name,
      store: `store-${name}`,
      corpus: { ...this.corpus, clipsPerShard: CLIPS / 4 },
      teachers: [this.teacher],
      logits: { views: 2, topK: 4, chunkSeconds: 1, seed: 7 },
      students: [student],
    };
    return await this.cluster.client.workflow.start('distill', { taskQueue: 'ced', workflowId: name, args: [run] });
  }

  /** Starts what is dead. */
  async revive(): Promise<void> {
    if (isDead(this.cpu)) this.cpu = await this.cluster.worker('cpu');
    if (isDead(this.gpu)) this.gpu = await this.cluster.worker('gpu');
  }

  /** To the GPU worker's engine, if it has one now. */
  signalEngine(signal: NodeJS.Signals): void {
    for (const pid of this.rememberEngines()) process.kill(pid, signal);
  }

  rememberEngines(): number[] {
    const pids = isDead(this.gpu) ? [] : childrenOf(this.gpu.pid ?? 0);
    for (const pid of pids) this.engines.add(pid);
    return pids;
  }

  /** Engines whose worker is gone and that live on. */
  orphans(): number[] {
    const own = this.rememberEngines();
    return [...this.engines].filter((pid) => !own.includes(pid) && isAlive(pid));
  }

  storeOf(name: string): string {
    return join(this.cluster.folder, `store-${name}`);
  }

  /** Folder of a run's training, null before it has one. */
  private training(name: string): string | null {
    const folder = join(this.storeOf(name), 'training');
    const [key] = existsSync(folder) ? readdirSync(folder) : [];
    return key === undefined ? null : join(folder, key);
  }

  /** Steps at which attempts began. */
  startingSteps(name: string): number[] {
    const attempts = join(this.training(name) ?? '', 'attempts');
    if (!existsSync(attempts)) return [];
    return readdirSync(attempts)
      .sort()
      .map((file) => (JSON.parse(readFileSync(join(attempts, file), 'utf8')) as { step: number }).step);
  }

  /** One hash over the bytes of every logit shard and every student, and the rows that were heard. */
  fingerprint(name: string, result: RunResult): string {
    const store = this.storeOf(name);
    const hash = createHash('sha256');
    const logits = join(store, 'logits', result.logits?.key ?? '');
    for (const file of readdirSync(logits).sort())
      if (file.endsWith('.parquet')) hash.update(file).update(readFileSync(join(logits, file)));
    for (const { sha256, bitExact } of result.students)
      hash.update(String(bitExact)).update(readFileSync(join(store, 'models', sha256, 'model.safetensors')));
    return hash.update(String(result.logits?.rows)).digest('hex');
  }

  async close(): Promise<void> {
    await this.cluster.stop();
  }
}

function isDead(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
