/** Options of `npm run worker`, with their defaults and what they mean. */
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { StoreOptions } from '../storage/open-store';
import type { SourceOptions } from '../storage/sources/source';
import { buildIdOf, type Build } from './deployment';
import { logFormat, type LogFormat } from './worker-log';
import { temporalSettings, type TemporalSettings } from './temporal-settings';

export interface WorkerOptions extends TemporalSettings {
  /** null = without worker versioning. */
  build: Build | null;
  queues: ('workflows' | 'cpu' | 'gpu')[];
  root: string;
  intraOpThreads: number;
  storage: Pick<StoreOptions, 'cacheFolder' | 'cacheBytes' | 'userProject'>;
  sources: SourceOptions;
  allowOverlap: boolean;
  /** Of the cpu queue, at once. */
  cpuActivities: number;
  /** `HOST:PORT` of the Prometheus end point, null for none. */
  metrics: string | null;
  log: LogFormat;
}

export const WORKER_HELP = `Usage: npm run worker -- --queue cpu|gpu|all [options]

Runs a Temporal worker of the distillation pipeline. A GPU worker does one GPU activity at a time in an engine process of its own; run one per GPU.

  --queue Q        cpu = workflows, planning, ingest, publishing (task queues ced, ced-cpu)
                   gpu = logits, training, scoring (task queue ced-gpu)
                   all = both in one process
  --address A      Temporal server                                   [TEMPORAL_ADDRESS or 127.0.0.1:7233]
  --namespace N    Temporal namespace                                [TEMPORAL_NAMESPACE or default]
                   TLS, API key and the rest: Temporal's own environment variables and profile file (docs/deploy.md)
  --root DIR       where relative paths of run files start           [current folder]
  --threads N      TensorFlow threads; fixed for bit-exact resumes   [cores, at most 8]
  --cache DIR      local copies of gs:// stores' objects and of logits laid out for training
                                                                     [~/.cache/ced-distillation/objects]
  --cache-gb N     size limit of that folder; oldest use goes first  [64]
  --user-project P project that pays for requester-pays buckets      [none]
  --allow-overlap  seal a corpus whose training clips stand in validation or eval too
  --allow-private-hosts  read tables and audio from http:// and from loopback, link-local and private addresses too
                   hf:// leads to https://huggingface.co              [HF_ENDPOINT]
  --longest-clip S seconds of a clip above which it is rejected      [3600]
  --largest-shard G gigabytes of audio in one shard, which is in memory while it is made; more is refused  [2.147]
  --clips-at-once N clips of a shard that are read and decoded at once; far sources need more, and each takes 2 MB and its samples  [4]
  --cpu-activities N  shards in the making and other work of the cpu queue at once: one is decoded while another is written  [2]
  --metrics H:P    serve Prometheus metrics at http://H:P/metrics; 127.0.0.1:9464 keeps them on this machine  [none]
  --log F          json or text, on standard error                   [text on a terminal, else json]
  --build-id ID    build that this worker belongs to; a run stays on the one that began it  [CED_BUILD_ID or the compiled code's hash]
  --current        new runs begin on this build, even if a newer one has been seen (the newest makes itself current without it)
  --unversioned    take part in no build, as for servers older than 1.28
  --help           this text

SIGTERM or Ctrl-C: the step in progress is finished, its checkpoint written, the activity handed on; then the worker ends.`;

/** Where the compiled rooms lie, also seen from the sources. */
const COMPILED = join(__dirname, '..', basename(join(__dirname, '..')) === 'dist' ? '' : 'dist');

const QUEUES = {
  cpu: ['workflows', 'cpu'],
  gpu: ['gpu'],
  all: ['workflows', 'cpu', 'gpu'],
} as const;

/**
 * @returns null for --help.
 * @throws with a one-line message that names the option and what is expected
 */
export function parseWorkerOptions(
  argv: string[],
  environment: NodeJS.ProcessEnv,
): WorkerOptions | null {
  const { values } = parseArgs({
    args: argv,
    options: {
      queue: { type: 'string' },
      address: { type: 'string' },
      namespace: { type: 'string' },
      root: { type: 'string' },
      threads: { type: 'string' },
      cache: { type: 'string' },
      'cache-gb': { type: 'string' },
      'user-project': { type: 'string' },
      'allow-private-hosts': { type: 'boolean' },
      'allow-overlap': { type: 'boolean' },
      'longest-clip': { type: 'string' },
      'largest-shard': { type: 'string' },
      'clips-at-once': { type: 'string' },
      'cpu-activities': { type: 'string' },
      metrics: { type: 'string' },
      log: { type: 'string' },
      'build-id': { type: 'string' },
      current: { type: 'boolean' },
      unversioned: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const queues = QUEUES[values.queue as keyof typeof QUEUES] as
    readonly ('workflows' | 'cpu' | 'gpu')[] | undefined;
  if (!queues)
    throw new Error(`--queue: ${values.queue ?? 'nothing given'}, expected cpu, gpu or all`);
  const threads = count('threads', values.threads) ?? Math.min(8, availableParallelism());
  const longestClipSeconds = amount('longest-clip', values['longest-clip'], 'number of seconds');
  const largestShardGb = amount('largest-shard', values['largest-shard'], 'number');
  const clipsAtOnce = count('clips-at-once', values['clips-at-once']);
  const settings = temporalSettings(values, environment);
  const buildId = values['build-id'] ?? environment['CED_BUILD_ID'];
  return {
    queues: [...queues],
    ...settings,
    build:
      values.unversioned === true
        ? null
        : {
            namespace: settings.namespace,
            buildId: buildId ?? buildIdOf(COMPILED),
            always: values.current === true,
          },
    root: resolve(values.root ?? '.'),
    intraOpThreads: threads,
    storage: storageOf(values.cache, values['cache-gb'], values['user-project']),
    allowOverlap: values['allow-overlap'] === true,
    cpuActivities: count('cpu-activities', values['cpu-activities']) ?? 2,
    metrics: metricsAddress(values.metrics),
    log: logFormat(values.log, process.stderr),
    sources: {
      allowPrivateHosts: values['allow-private-hosts'] === true,
      userProject: values['user-project'],
      ...(longestClipSeconds === undefined ? {} : { longestClipSeconds }),
      ...(largestShardGb === undefined ? {} : { largestShardBytes: largestShardGb * 1e9 }),
      ...(clipsAtOnce === undefined ? {} : { clipsAtOnce }),
      ...(environment['HF_ENDPOINT'] ? { hub: environment['HF_ENDPOINT'] } : {}),
    },
  };
}

function count(option: string, asked: string | undefined): number | undefined {
  if (asked === undefined || (Number.isInteger(Number(asked)) && Number(asked) >= 1))
    return asked === undefined ? undefined : Number(asked);
  throw new Error(`--${option}: ${asked}, expected a whole number of at least 1`);
}

function amount(option: string, asked: string | undefined, what: string): number | undefined {
  if (asked === undefined || Number(asked) > 0)
    return asked === undefined ? undefined : Number(asked);
  throw new Error(`--${option}: ${asked}, expected a ${what} above 0`);
}

function metricsAddress(asked: string | undefined): string | null {
  if (asked === undefined) return null;
  const port = Number(/^(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(asked)?.[1] ?? NaN);
  if (!(port >= 0 && port <= 65_535))
    throw new Error(`--metrics: ${asked}, expected HOST:PORT, for example 127.0.0.1:9464`);
  return asked;
}

function storageOf(
  cache: string | undefined,
  cacheGb: string | undefined,
  userProject: string | undefined,
): WorkerOptions['storage'] {
  const gigabytes = amount('cache-gb', cacheGb, 'number');
  return {
    ...(cache === undefined ? {} : { cacheFolder: resolve(cache) }),
    ...(gigabytes === undefined ? {} : { cacheBytes: gigabytes * 1e9 }),
    ...(userProject === undefined ? {} : { userProject }),
  };
}
