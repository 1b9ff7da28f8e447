/** `npm run worker`: connects, registers what its queues need, and runs until told to stop. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import {
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions as TemporalWorkerOptions,
} from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardTerminal } from '../infra/command-line/terminal';
import { asTypedHere } from '../infra/package-root';
import { tensorflowVariant } from '../infra/tensorflow-variant';
import { storeEnvironment } from '../storage/open-store';
import { TASK_QUEUES } from '../workflows/contract/names';
import { becomeCurrent, deploymentOptions, notYetCurrent } from './deployment';
import { EngineProcess } from './engine-process';
import { dataConverter } from './payloads/data-converter';
import { standstillLimitMs, Standstills } from '../jobs/process/standstills';
import { WorkerLog } from './worker-log';
import { WorkerMetrics } from './worker-metrics';
import { requireGpu } from './required-gpu';
import { requireSearchAttributes } from './search-attributes';
import { requireOwnAddress } from './peers-address';
import { queueOptions } from './queue-options';
import { workerDependencies } from './worker-dependencies';
import { parseWorkerOptions, WORKER_HELP, type WorkerOptions } from './worker-options';

/** As Temporal shows this worker, and as the report's timeline names it. */
const identity = `${process.pid}@${hostname()}`;

const SAID_TO_BE_LATE_MS = 30_000;

let log: WorkerLog | null = null;

async function main(): Promise<void> {
  const options = parseWorkerOptions(process.argv.slice(2), process.env);
  if (!options) return console.log(WORKER_HELP);
  log = new WorkerLog(options.log);
  Runtime.install({
    logger: log,
    shutdownSignals: ['SIGTERM', 'SIGINT'],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(options.metrics === null
        ? {}
        : {
            metrics: {
              prometheus: {
                bindAddress: options.metrics,
                countersTotalSuffix: true,
                unitSuffix: true,
              },
            },
          }),
    },
  });
  if (options.peers !== null) await requireOwnAddress(options.peers);
  const standstills = new Standstills(standstillLimitMs(process.env));
  setInterval(() => standstills.seen(), standstills.limitMs / 4).unref();
  const wantsGpu = options.queues.includes('gpu') && tensorflowVariant() === 'gpu';
  const engine = new EngineProcess({
    standstills,
    entry: join(__dirname, '..', 'jobs', 'child.js'),
    root: options.root,
    threads: options.threads,
    environment: storeEnvironment(options.storage),
    gpuOnly: wantsGpu && !options.allowCpu,
    ...(options.metrics === null
      ? {}
      : { metrics: new WorkerMetrics(Runtime.instance().metricMeter, () => performance.now()) }),
    ...(log.format === 'json'
      ? { onOutput: (line: string) => log?.info(line, { sdkComponent: 'engine' }) }
      : {}),
  });
  if (wantsGpu) await requireGpu(engine, options.allowCpu, (line) => log?.warn(line));
  const connection = await NativeConnection.connect(options.connection).catch((error: unknown) => {
    throw new Error(
      `no Temporal server answers at ${options.address}; start one with \`npm run server\`, ` +
        'or name yours with --address',
      {
        cause: error,
      },
    );
  });
  const stopped = new AbortController();
  try {
    if (options.queues.includes('workflows'))
      await requireSearchAttributes(connection, options, (line) => log?.warn(line));
    const converter = await dataConverter(process.env);
    const deps = workerDependencies(
      { ...options, identity },
      new Client({ connection, namespace: options.namespace, ...converter }),
      engine,
      standstills,
    );
    const workers = await Promise.all(
      options.queues.map((queue) =>
        Worker.create({
          ...common(connection, options),
          ...converter,
          ...queueOptions(queue, deps, options.cpuActivities),
        }),
      ),
    );
    const running = Promise.all(workers.map((worker) => worker.run()));
    running.catch(() => undefined); // the wait below sees it
    // On standard output, where the parent process waits for it.
    const stdout = new WorkerLog('json', process.stdout);
    const say = (line: string): void =>
      log?.format === 'text' ? console.log(line) : stdout.info(line);
    const queues = options.queues.map((queue) => TASK_QUEUES[queue]);
    if (options.build) {
      const current = becomeCurrent(connection, options.build, queues, stopped.signal);
      const late = sleep(SAID_TO_BE_LATE_MS, notYetCurrent(options.build.buildId), { ref: false });
      const line = await Promise.race([current, late, running.then(() => 'stopped')]);
      say(line);
      void current.then((settled) => {
        if (settled !== line && !stopped.signal.aborted) say(settled);
      });
    }
    say(
      `worker ready: ${queues.join(', ')} at ${options.address}, namespace ` +
        `${options.namespace}, root ${options.root}`,
    );
    await running;
  } finally {
    stopped.abort();
    await engine.end();
    await connection.close();
  }
}

function common(
  connection: NativeConnection,
  { namespace, build }: WorkerOptions,
): Omit<TemporalWorkerOptions, 'taskQueue'> {
  return {
    connection,
    namespace,
    identity,
    shutdownForceTime: '25s',
    maxHeartbeatThrottleInterval: '4s',
    ...(build ? { workerDeploymentOptions: deploymentOptions(build) } : {}),
  };
}

guardTerminal();
main().then(
  () => process.exit(0),
  (error: unknown) => {
    const line = asTypedHere(`worker: ${(error as Error).message}`);
    if (log?.format === 'json') log.error(line);
    else console.error(line);
    process.exit(1);
  },
);
