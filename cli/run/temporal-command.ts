/** Builds, prints and runs commands of the Temporal CLI, which starts runs and schedules. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ORIGIN_MEMO, type RunOrigin } from '../../workflows/contract/run-origin';
import type { RunSummary } from '../../workflows/contract/run-summary';
import { TASK_QUEUES } from '../../workflows/contract/names';
import { DEFAULT_ADDRESS } from '../../workers/temporal-settings';
import type { WorkflowType } from './run-file';

export interface StartCommand {
  type: WorkflowType;
  workflowId: string;
  /** As the user would type it. */
  inputFile: string;
  address: string;
  /** What Temporal's web interface says of the run. */
  about?: RunSummary;
  /** Where relative paths of its run file start, and lead to. */
  origin?: RunOrigin;
}

/**
 * Arguments after `temporal`, without an address where the CLI chooses the same one. A closed run
 * of the same id does not matter: the new run finds its results in the store.
 */
export function startArguments(
  command: StartCommand,
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  const { type, workflowId, inputFile, address, about, origin } = command;
  return [
    ...[
      'workflow',
      'start',
      '--type',
      type,
      '--task-queue',
      TASK_QUEUES.workflows,
      '--workflow-id',
      workflowId,
      '--input-file',
      inputFile,
    ],
    ...(about ? ['--static-summary', about.summary, '--static-details', about.details] : []),
    ...(origin ? ['--memo', `${ORIGIN_MEMO}=${JSON.stringify(origin)}`] : []),
    ...addressArguments(address, environment),
  ];
}

/** Ends an open run, so that the next start begins a new one. */
export function terminateArguments(
  { workflowId, address }: StartCommand,
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  return [
    'workflow',
    'terminate',
    '--workflow-id',
    workflowId,
    ...addressArguments(address, environment),
  ];
}

export interface ScheduleCommand {
  verb: 'create' | 'update';
  /** Of the schedule and, before their time stamp, its workflows. */
  id: string;
  /** As the user would type it. */
  inputFile: string;
  /** With units, as the CLI reads them: `24h`, `24h/3h`. */
  interval: string;
  jitter: string;
  catchUpWindow: string;
  /** null = it is not paused. */
  pausedBecause: string | null;
  /** undefined = the CLI's own settings. */
  address: string | undefined;
  namespace: string | undefined;
}

/** A schedule of retrainings: one firing may wait for a running one; a failed run pauses it. */
export function scheduleArguments(command: ScheduleCommand): string[] {
  const {
    verb,
    id,
    inputFile,
    interval,
    jitter,
    catchUpWindow,
    pausedBecause,
    address,
    namespace,
  } = command;
  return [
    ...[
      'schedule',
      verb,
      '--schedule-id',
      id,
      '--workflow-id',
      id,
      '--type',
      'retrain',
      '--task-queue',
      TASK_QUEUES.workflows,
    ],
    ...[
      '--input-file',
      inputFile,
      '--interval',
      interval,
      '--jitter',
      jitter,
      '--catchup-window',
      catchUpWindow,
    ],
    ...['--overlap-policy', 'BufferOne', '--pause-on-failure'],
    ...(pausedBecause === null ? [] : ['--paused', '--notes', pausedBecause]),
    ...(address === undefined ? [] : ['--address', address]),
    ...(namespace === undefined ? [] : ['--namespace', namespace]),
  ];
}

function addressArguments(address: string, environment: NodeJS.ProcessEnv): string[] {
  const usual = address === DEFAULT_ADDRESS && environment['TEMPORAL_ADDRESS'] === undefined;
  return usual ? [] : ['--address', address];
}

/** The command as one line for a POSIX shell. */
export function shellLine(program: string, args: readonly string[]): string {
  return [program, ...args].map(quote).join(' ');
}

/** `temporal` if it is on the PATH, else the path of set-up's: a printed command must run. */
export function nameToType(binary: string, path: string = process.env['PATH'] ?? ''): string {
  return isOnPath(path) ? 'temporal' : binary;
}

/** A text with the tool's commands as they are typed here. */
export function asTyped(text: string, path: string = process.env['PATH'] ?? ''): string {
  if (isOnPath(path)) return text;
  return text.replaceAll(/\btemporal (?=(?:workflow|operator) )/g, 'npx ced temporal ');
}

function isOnPath(path: string): boolean {
  return path
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, 'temporal')));
}

/** @throws with the CLI's own message, in one line */
export async function runTemporal(binary: string, args: readonly string[]): Promise<void> {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0)
    throw new Error(
      `temporal ${args.slice(0, 2).join(' ')} failed: ` +
        (output.trim().split('\n').at(-1) ?? `exit code ${code}`),
    );
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
