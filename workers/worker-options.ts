/** Options of `npm run worker`, with their defaults and what they mean. */
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { commandLine } from '../infra/command-line/command-line';
import { amount, count, numberThat, oneOf, text } from '../infra/command-line/option';
import type { StoreOptions } from '../storage/open-store';
import { LARGEST_SHARD_BYTES, type SourceOptions } from '../storage/sources/source';
import { buildIdOf, type Build } from './deployment';
import { sourceOptions, sourcesOf } from './source-options';
import { temporalOptions, temporalSettings, type TemporalSettings } from './temporal-settings';
import { peersAddress, peersFrom } from './peers-address';
import { logFormat, type LogFormat } from './worker-log';

export interface WorkerOptions extends TemporalSettings {
  /** null = without worker versioning. */
  build: Build | null;
  queues: ('workflows' | 'cpu' | 'gpu')[];
  root: string;
  threads: number;
  storage: Pick<StoreOptions, 'cacheFolder' | 'cacheBytes' | 'userProject' | 'requesterPays'>;
  sources: SourceOptions;
  allowOverlap: boolean;
  /** Compute on the CPU if TensorFlow was set up for a GPU and finds none. */
  allowCpu: boolean;
  /** Of the cpu queue, at once. */
  cpuActivities: number;
  /** Address at which other workers reach this one's trainings; null = it trains alone. */
  peers: string | null;
  /** `HOST:PORT` of the Prometheus end point, null for none. */
  metrics: string | null;
  log: LogFormat;
}

/** Where the compiled rooms lie, also seen from the sources. */
const COMPILED = join(__dirname, '..', basename(join(__dirname, '..')) === 'dist' ? '' : 'dist');

const QUEUES = {
  cpu: ['workflows', 'cpu'],
  gpu: ['gpu'],
  all: ['workflows', 'cpu', 'gpu'],
} as const;

const line = commandLine({
  program: 'npm run worker',
  usage: '--queue cpu|gpu|all [options]',
  about: [
    'Runs a Temporal worker of the distillation pipeline. A GPU worker runs one GPU activity ' +
      'at a time in an engine process of its own; start one worker for each GPU. On SIGTERM or ' +
      'Ctrl-C a worker finishes the step in progress, writes its checkpoint, hands the activity ' +
      'on and exits.',
  ],
  options: {
    queue: {
      value: 'QUEUE',
      is: oneOf('cpu', 'gpu', 'all'),
      required: true,
      help:
        'cpu: workflows, planning, ingest, publishing (task queues ced, ced-cpu); gpu: logits, ' +
        'training, scoring (task queue ced-gpu); all: both in one process',
    },
    ...temporalOptions,
    root: {
      value: 'DIR',
      is: text,
      default: '.',
      shown: 'the current folder',
      help: 'where relative paths of run files start',
    },
    threads: {
      value: 'N',
      is: count,
      default: Math.min(8, availableParallelism()),
      shown: 'cores, at most 8',
      help: 'TensorFlow kernels that run at once; results do not depend on it',
    },
    'allow-cpu': {
      help: 'compute on the CPU if this clone was set up with --gpu and no GPU is found',
    },
    cache: {
      value: 'DIR',
      is: text,
      shown: '~/.cache/ced-distillation/objects',
      help: 'folder for local copies of objects in buckets and for logits laid out for training',
    },
    'cache-gb': {
      value: 'N',
      is: amount,
      shown: '64',
      help: 'size limit of that folder; the least recently used copies are removed first',
    },
    ...sourceOptions,
    'allow-overlap': {
      help: 'accept a corpus whose training clips are in validation or eval too',
    },
    'longest-clip': {
      value: 'S',
      is: numberThat((seconds) => seconds > 0, 'a number of seconds above 0'),
      shown: '3600',
      help: 'reject clips longer than this many seconds',
    },
    'largest-shard': {
      value: 'G',
      is: numberThat(
        (gigabytes) => gigabytes > 0 && gigabytes * 1e9 <= LARGEST_SHARD_BYTES,
        `a number above 0 and at most ${Math.floor(LARGEST_SHARD_BYTES / 1e6) / 1e3}`,
      ),
      shown: '2.147',
      help:
        'refuse shards of more than this many gigabytes, 2.147 at most; a shard is built in ' +
        'memory',
    },
    'clips-at-once': {
      value: 'N',
      is: count,
      shown: '4',
      help:
        'clips of a shard that are read and decoded at once; raise it for distant sources. Each ' +
        'takes 2 MB and its samples',
    },
    'cpu-activities': {
      value: 'N',
      is: count,
      default: 2,
      help: 'activities of the cpu queue at once: one shard is decoded while another is written',
    },
    peers: {
      value: 'ADDRESS',
      is: peersAddress,
      shown: 'CED_PEERS, else none',
      help:
        'train with other workers where a run file asks for several: the IPv4 address of this ' +
        'worker that they reach, private or loopback. Their ports have no authentication: ' +
        'docs/threats.md says whom they must be kept from',
    },
    metrics: {
      value: 'HOST:PORT',
      is: { expected: 'HOST:PORT, for example 127.0.0.1:9464', parse: metricsAddress },
      shown: 'none',
      help: 'serve Prometheus metrics at http://HOST:PORT/metrics',
    },
    log: {
      value: 'FORMAT',
      is: oneOf('json', 'text'),
      shown: 'text on a terminal, else json',
      help: 'format of the log on standard error: json or text',
    },
    'build-id': {
      value: 'ID',
      is: text,
      shown: "CED_BUILD_ID, else the compiled code's hash",
      help: 'build of this worker; a run stays on the build that began it',
    },
    current: {
      help:
        'start new runs on this build even if a newer one has been seen; the newest build ' +
        'becomes current without it',
    },
    unversioned: { help: 'no worker versioning, for servers older than 1.28' },
  },
  examples: [
    'npm run worker -- --queue all',
    'npm run worker -- --queue gpu --address 10.0.0.5:7233 --root /data --cache-gb 200',
  ],
  notes: [
    'HF_ENDPOINT replaces https://huggingface.co in hf:// addresses; HF_TOKEN is sent there, and ' +
      'to no other host, for private and gated repositories.',
  ],
});

export const WORKER_HELP = line.help;
export const WORKER_SPEC = line.spec;

/**
 * @returns null for --help.
 * @throws with a one-line message that names the option and what is expected
 */
export function parseWorkerOptions(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): WorkerOptions | null {
  const parsed = line.parse(argv);
  if (parsed === null) return null;
  const { values } = parsed;
  const settings = temporalSettings(values, environment);
  return {
    queues: [...QUEUES[values.queue]],
    ...settings,
    build: values.unversioned
      ? null
      : {
          namespace: settings.namespace,
          buildId: values['build-id'] ?? environment['CED_BUILD_ID'] ?? buildIdOf(COMPILED),
          always: values.current,
        },
    root: resolve(values.root),
    threads: values.threads,
    storage: storageOf(values),
    allowOverlap: values['allow-overlap'],
    allowCpu: values['allow-cpu'],
    cpuActivities: values['cpu-activities'],
    peers: values.peers ?? peersFrom(environment),
    metrics: values.metrics ?? null,
    log: logFormat(values.log, process.stderr),
    sources: { ...sourcesOf(values, environment), ...limitsOf(values) },
  };
}

type WorkerValues = NonNullable<ReturnType<typeof line.parse>>['values'];

function limitsOf(values: WorkerValues): SourceOptions {
  const {
    'longest-clip': longestClipSeconds,
    'largest-shard': gigabytes,
    'clips-at-once': clipsAtOnce,
  } = values;
  return {
    ...(longestClipSeconds === undefined ? {} : { longestClipSeconds }),
    ...(gigabytes === undefined ? {} : { largestShardBytes: gigabytes * 1e9 }),
    ...(clipsAtOnce === undefined ? {} : { clipsAtOnce }),
  };
}

function storageOf(values: WorkerValues): WorkerOptions['storage'] {
  const {
    cache,
    'cache-gb': gigabytes,
    'user-project': userProject,
    'requester-pays': requesterPays,
  } = values;
  return {
    ...(cache === undefined ? {} : { cacheFolder: resolve(cache) }),
    ...(gigabytes === undefined ? {} : { cacheBytes: gigabytes * 1e9 }),
    ...(userProject === undefined ? {} : { userProject }),
    ...(requesterPays ? { requesterPays } : {}),
  };
}

function metricsAddress(given: string): string | undefined {
  const port = Number(/^(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(given)?.[1] ?? NaN);
  return port >= 0 && port <= 65_535 ? given : undefined;
}
