/**
 * `ced-distillation/worker`: a plugin that adds this project's workflows and activities to a worker
 * of your own. What it adds depends on the worker's task queue:
 *
 * - `ced-cpu`: the activities that plan, decode and publish;
 * - `ced-gpu`: those that predict and train, one at a time, in an engine process of their own;
 * - `ced`, or any queue with a `workflowsPath`: the workflows `distill`, `teach` and `retrain`.
 *
 * A worker with a `workflowBundle` keeps it: let your workflows' entry
 * `export * from 'ced-distillation/workflows'` before you bundle it.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@temporalio/client';
import type { ReplayWorkerOptions, Worker, WorkerOptions, WorkerPlugin } from '@temporalio/worker';
import type { ActivityDependencies } from '../activities/dependencies';
import { standstillLimitMs, Standstills } from '../jobs/process/standstills';
import { storeEnvironment } from '../storage/open-store';
import { EngineProcess } from '../workers/engine-process';
import { queueOptions } from '../workers/queue-options';
import { workerDependencies } from '../workers/worker-dependencies';
import { TASK_QUEUES } from '../workflows/contract/names';

const WORKFLOWS = require.resolve('../workflows');

export interface CedPluginOptions {
  /** Where relative paths of run files start. @default the current folder */
  root?: string;
  /** TensorFlow kernels that run at once; results do not depend on it. @default cores, at most 8 */
  threads?: number;
  /** Activities of `ced-cpu` at once. @default 2 */
  cpuActivities?: number;
  /** Folder for copies of objects in buckets. @default ~/.cache/ced-distillation/objects */
  cacheFolder?: string;
  /** Size limit of that folder. @default 64 GiB */
  cacheBytes?: number;
  /** Accepts training clips that are in validation or eval too. @default false */
  allowOverlap?: boolean;
}

export class CedPlugin implements WorkerPlugin {
  readonly name = 'ced-distillation';
  private readonly standstills = new Standstills(standstillLimitMs(process.env));
  private engine: EngineProcess | null = null;

  constructor(private readonly options: CedPluginOptions = {}) {}

  configureWorker(options: WorkerOptions): WorkerOptions {
    const { cpuActivities = 2 } = this.options;
    switch (options.taskQueue) {
      case TASK_QUEUES.cpu:
      case TASK_QUEUES.gpu: {
        const queue = options.taskQueue === TASK_QUEUES.cpu ? 'cpu' : 'gpu';
        const { activities, ...own } = queueOptions(
          queue,
          this.dependencies(options),
          cpuActivities,
        );
        return { ...options, ...own, activities: { ...options.activities, ...activities } };
      }
      default:
        return withWorkflows(options, options.taskQueue === TASK_QUEUES.workflows);
    }
  }

  configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return withWorkflows(options, false);
  }

  /** Ends the engine's process with the worker. */
  async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const seen = setInterval(() => this.standstills.seen(), this.standstills.limitMs / 4).unref();
    try {
      await next(worker);
    } finally {
      clearInterval(seen);
      if (worker.options.taskQueue === TASK_QUEUES.gpu) await this.engine?.end();
    }
  }

  private dependencies({
    connection,
    namespace = 'default',
    identity = `${process.pid}@${hostname()}`,
  }: WorkerOptions): ActivityDependencies {
    if (!connection)
      throw new Error('ced-distillation: give the worker a connection, which its activities share');
    const { root = '.', threads, allowOverlap = false, cacheFolder, cacheBytes } = this.options;
    const storage = {
      ...(cacheFolder === undefined ? {} : { cacheFolder: resolve(cacheFolder) }),
      ...(cacheBytes === undefined ? {} : { cacheBytes }),
    };
    this.engine ??= new EngineProcess({
      standstills: this.standstills,
      entry: join(__dirname, '..', 'jobs', 'child.js'),
      root: resolve(root),
      threads: threads ?? Math.min(8, availableParallelism()),
      environment: storeEnvironment(storage),
    });
    return workerDependencies(
      { root: resolve(root), sources: {}, allowOverlap, storage, peers: null, identity },
      new Client({ connection, namespace }),
      this.engine,
      this.standstills,
    );
  }
}

/** @param isOwnQueue the workflows are registered even if the worker has none of its own */
function withWorkflows<Options extends { workflowsPath?: string; workflowBundle?: unknown }>(
  options: Options,
  isOwnQueue: boolean,
): Options {
  if (options.workflowBundle !== undefined) return options;
  const { workflowsPath } = options;
  if (workflowsPath !== undefined)
    return { ...options, workflowsPath: entryOfBoth(workflowsPath, WORKFLOWS) };
  return isOwnQueue ? { ...options, workflowsPath: WORKFLOWS } : options;
}

/** A file for Temporal's bundler that exports what both modules do. */
function entryOfBoth(...modules: [string, string]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'ced-workflows-')), 'workflows.js');
  const [theirs, ours] = modules.map((path) => `...require(${JSON.stringify(path)})`);
  writeFileSync(file, `module.exports = { ${ours}, ${theirs} };\n`);
  return file;
}
