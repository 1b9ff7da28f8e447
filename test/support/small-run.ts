/**
 * The smallest run worth disturbing: one untrained teacher, one student of some hundred steps, and
 * what of it can be compared.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunResult } from '../../workflows/contract/activities';
import type { RunStatus } from '../../workflows/contract/status';
import type { Cluster } from './cluster';
import { writeToneCorpus, type ToneCorpus } from './tone-corpus';
import { writeUntrainedTeacher } from './untrained-teacher';

export class SmallRuns {
  private constructor(
    private readonly cluster: Cluster,
    private readonly corpus: ToneCorpus,
    private readonly teacher: object,
  ) {}

  static in(cluster: Cluster): SmallRuns {
    const corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    return new SmallRuns(
      cluster,
      corpus,
      writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1),
    );
  }

  /** Each in a store of its own. @param store of a run whose work is to be found */
  async start(
    name: string,
    { store = name, clipsPerShard = 32, epochs = 60, batchSize = 8 } = {},
  ): Promise<WorkflowHandle> {
    const student = {
      name: 'student',
      model: { embedDim: 32, depth: 2, heads: 2 },
      epochs,
      batchSize,
      learningRate: 2e-3,
      warmupSteps: 20,
      validateEvery: 5,
      averageBest: 2,
      earlyStop: 0,
      checkpointSeconds: 0.5,
      seed: 3,
    };
    const run = {
      name,
      store: `store-${store}`,
      corpus: { ...this.corpus, clipsPerShard },
      teachers: [this.teacher],
      logits: { views: 2, topK: 4, chunkSeconds: 1, seed: 7 },
      students: [student],
    };
    return await this.cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [run],
    });
  }

  async epochReached(handle: WorkflowHandle, epoch: number): Promise<void> {
    await until(async () => ((await statusOf(handle)).epochs['student']?.epoch ?? 0) >= epoch);
  }

  /** Steps at which the attempts at training began. */
  startingSteps(store: string): number[] {
    const attempts = join(this.training(store), 'attempts');
    return readdirSync(attempts)
      .sort()
      .map(
        (file) => (JSON.parse(readFileSync(join(attempts, file), 'utf8')) as { step: number }).step,
      );
  }

  checkpointedSteps(store: string): number[] {
    return readdirSync(join(this.training(store), 'checkpoints')).map(Number);
  }

  private training(store: string): string {
    const folder = join(this.cluster.folder, `store-${store}/training`);
    return join(folder, readdirSync(folder)[0] ?? '');
  }
}

export async function statusOf(handle: WorkflowHandle): Promise<RunStatus> {
  return await handle.query<RunStatus>('status');
}

/** SHA-256 of the student that a run ended with. */
export async function studentOf(handle: WorkflowHandle): Promise<string> {
  const [student] = ((await handle.result()) as RunResult).students;
  return student?.sha256 ?? 'no student';
}

/** Waits however long it takes: Jest's limit ends a hang. */
export async function until(reached: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 50));
}
