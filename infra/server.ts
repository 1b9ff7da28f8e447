/**
 * The Temporal development server: one process, its state in one SQLite file that survives
 * restarts.
 *
 * Guarantees: when `startServer` resolves, the server answers and knows the search attributes; the
 * server never outlives the process that started it; no web page of another origin starts a
 * workflow through it or reads anything of it; a server of ours that already answers at the address
 * is used as it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { freeBlockedPort, isFree } from './blocked-ports';
import { ensureSearchAttributes, searchAttributeArguments } from './search-attributes';
import { dyingWithParent, temporalBinary } from './toolchain';
import { checkedInterface, unreachableForBrowsers, type Endpoint } from './web-interface';

/**
 * A GPU worker has one slot and so one poll, which waits at one of a queue's partitions, four by
 * default, while a task may lie in another: seen to cost a minute of an idle GPU. One partition is
 * plenty for the workers of one machine.
 */
const ONE_PARTITION = [
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * The HTTP API takes whatever a page posts as text/plain, from any origin, and nothing of ours uses
 * it: it answers one host, which no request can name. Nexus' HTTP routes do not look at that
 * setting.
 */
const NO_HTTP_API = ['frontend.httpAllowedHosts=["(no host)"]', 'system.enableNexus=false'];

/** Of a server where no address is given, and of the web interface. */
export const DEFAULT_PORT = 7233;
export const DEFAULT_UI_PORT = 8233;

const startLimitMs = 60_000;
const stopLimitMs = 10_000;
const METRICS_PORT_ATTEMPTS = 3;

export interface ServerOptions {
  /** `host:port` to listen on. */
  address: string;
  /** SQLite file, created when absent. */
  dbFile: string;
  /** Port of the web interface, null for none. */
  uiPort: number | null;
  /** Names under which the web interface is opened, beside `localhost` and IP addresses. */
  uiHostNames?: readonly string[];
  /** File that receives the server's log, or `inherit` for this process's output. */
  log: string;
  /** @default 'warn' */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'never';
  /** Settings of the server, `name=value`, on top of ours. */
  dynamicConfig?: readonly string[];
}

export interface Server {
  address: string;
  /** Process id; null for a reused server. */
  pid: number | null;
  /** True when a server already answered at the address; `stop` then leaves it alone. */
  reused: boolean;
  stop(): Promise<void>;
  /** Resolves with the reason when the process has ended; never for a reused server. */
  ended: Promise<string>;
}

/**
 * The database of the server at a port, the same whichever command starts it. Each port has a file
 * of its own: two servers must never share one.
 * @param root the clone or the project
 */
export function databaseFile(root: string, port: number): string {
  return join(root, 'runs', port === DEFAULT_PORT ? 'temporal.db' : `temporal-${port}.db`);
}

/** Errors are one line that names the port and the remedy. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { host, port } = splitAddress(options.address);
  if (await accepts(host, port)) {
    if (!(await answers(options.address, '10s'))) throw new Error(portTaken(host, port, 'address'));
    await ensureSearchAttributes(options.address);
    return {
      address: options.address,
      pid: null,
      reused: true,
      stop: () => Promise.resolve(),
      ended: new Promise(() => {}),
    };
  }
  if (options.uiPort !== null && (await accepts(host, options.uiPort)))
    throw new Error(portTaken(host, options.uiPort, 'uiPort'));
  mkdirSync(dirname(options.dbFile), { recursive: true, mode: 0o700 });
  const unchecked = options.uiPort === null ? null : await unreachableForBrowsers();
  const { child, ended } = await startedProcess(options, { host, port, unchecked });
  const stop = () => stopServer(child, ended);
  if (unchecked !== null && options.uiPort !== null) {
    const endpoint = { host, port: options.uiPort };
    try {
      const ui = await checkedInterface(endpoint, unchecked, options.uiHostNames ?? []);
      void ended.then(() => ui.close());
    } catch (error) {
      await stop();
      throw error;
    }
  }
  return { address: options.address, pid: child.pid ?? null, reused: false, stop, ended };
}

interface Endpoints extends Endpoint {
  /** Of the web interface without its check; null for none. */
  unchecked: Endpoint | null;
}

interface StartedProcess {
  child: ChildProcess;
  ended: Promise<string>;
}

/** The server's process, which answers. Its metrics are on a port that no browser opens. */
async function startedProcess(
  options: ServerOptions,
  endpoints: Endpoints,
): Promise<StartedProcess> {
  for (let attempt = 1; ; attempt++) {
    const metricsPort = await freeBlockedPort(endpoints.host);
    const child = launch(options, endpoints, metricsPort);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const failure = await Promise.race([ended, readiness(options.address)]);
    if (failure === 'ready') return { child, ended };
    await stopServer(child, ended);
    // Another server that started at the same time may have taken the port for its metrics.
    const lostPort = metricsPort !== null && !(await isFree(endpoints.host, metricsPort));
    if (!lostPort || attempt === METRICS_PORT_ATTEMPTS)
      throw new Error(`the Temporal server did not start (${failure})${lastLine(options.log)}`);
  }
}

function launch(
  options: ServerOptions,
  { host, port, unchecked }: Endpoints,
  metricsPort: number | null,
): ChildProcess {
  const ui =
    unchecked === null
      ? ['--headless']
      : ['--ui-ip', unchecked.host, '--ui-port', String(unchecked.port)];
  const args = [
    'server',
    'start-dev',
    '--ip',
    host,
    '--port',
    String(port),
    ...ui,
    ...(metricsPort === null ? [] : ['--metrics-port', String(metricsPort)]),
    '--db-filename',
    options.dbFile,
  ];
  for (const setting of [...ONE_PARTITION, ...NO_HTTP_API, ...(options.dynamicConfig ?? [])])
    args.push('--dynamic-config-value', setting);
  args.push(
    '--namespace',
    'default',
    '--log-level',
    options.logLevel ?? 'warn',
    ...searchAttributeArguments(),
  );
  const log = options.log === 'inherit' ? null : openSync(options.log, 'a', 0o600);
  // Histories reveal models and data: only the owner may read its files.
  const umask = process.umask(0o077);
  // A process group of its own: Ctrl-C must reach the workers, which still need the server to say
  // where they stopped. SIGKILL when this process dies: a server on its way out could be taken for
  // a living one by the next start, and SQLite survives it.
  const child = spawn(...dyingWithParent('SIGKILL', temporalBinary(), args), {
    detached: true,
    stdio: ['ignore', log ?? 'inherit', log ?? 'inherit'],
  });
  process.umask(umask);
  if (log !== null) closeSync(log);
  return child;
}

async function stopServer(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  await ended;
  clearTimeout(timer);
}

async function readiness(address: string): Promise<string> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    if (await answers(address, '2s')) return 'ready';
    await sleep(100);
  }
  return `no answer within ${startLimitMs / 1000} s`;
}

/**
 * Whether a Temporal server with our namespace answers at the address.
 * @param within a server on a busy machine took over two seconds to answer
 */
async function answers(address: string, within: '2s' | '10s'): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: within });
    try {
      return await servesNamespace(connection);
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

/**
 * Frontend, matching and history each read the namespaces on their own: on a busy machine a server
 * whose frontend describes ours refused the first run with "Namespace not found".
 */
async function servesNamespace({ workflowService }: Connection): Promise<boolean> {
  const namespace = 'default';
  await workflowService.describeNamespace({ namespace });
  await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: 'ced' },
    taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  try {
    await workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId: 'a run that does not exist' },
    });
  } catch (error) {
    return !/namespace/i.test((error as { details?: string }).details ?? '');
  }
  return true;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket
      .once('connect', () => settle(true))
      .once('error', () => settle(false))
      .once('timeout', () => settle(false));
  });
}

function portTaken(host: string, port: number, option: 'address' | 'uiPort'): string {
  const remedy = option === 'address' ? '--port' : '--ui-port';
  return (
    `port ${port} on ${host} is taken by something that is not a Temporal server: stop it, or ` +
    `choose another port (npm run server -- ${remedy} N)`
  );
}

function splitAddress(address: string): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(address);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new Error(`address ${address}: expected host:port, for example 127.0.0.1:7233`);
  return { host: match[1], port: Number(match[2]) };
}

function lastLine(log: string): string {
  if (log === 'inherit') return '';
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  return line ? `: ${line} (log: ${log})` : '';
}
