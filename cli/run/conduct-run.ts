/**
 * Conducts one run on this machine: starts server and workers, starts the workflow through the
 * Temporal CLI, shows it live and prints its results. An open run of the same id, as after Ctrl-C,
 * is resumed.
 */
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { describeOrigin } from '../../activities/plan/run-origin';
import { openStore } from '../../storage/open-store';
import { layout } from '../../storage/layout';
import { projectRoot } from '../../infra/package-root';
import { temporalBinary } from '../../infra/toolchain';
import { localSettings } from '../../workers/temporal-settings';
import type { RunResult } from '../../workflows/contract/activities';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';
import type { Unchanged } from '../../workflows/contract/promotion';
import { describeFailure } from '../failure';
import { runSummary } from '../../workflows/contract/run-summary';
import { moveToCurrentBuild } from './move-run';
import { linkDemoCorpus, readsDemoCorpus } from './demo-corpus';
import { linkGameSounds, readsGameSounds } from './game-sounds';
import { connect, followRun } from './follow';
import { listenForInterruption } from './interruption';
import { LiveDisplay } from './live-display';
import { resultTable } from './result-table';
import { readRunFile } from './run-file';
import { runOutput } from './run-output';
import { Session } from './session';
import { printJson } from '../print-json';
import { shortPath } from '../short-path';
import type { StartOptions } from './start-options';
import {
  nameToType,
  runTemporal,
  shellLine,
  startArguments,
  terminateArguments,
  type StartCommand,
} from './temporal-command';

export interface ConductedRun {
  run: DistillRun | TeachRun;
  result: RunResult;
  workflowId: string;
  client: Client;
}

/**
 * @param afterwards work on the result while the server is still running
 * @returns exit code: 0 done, 130 interrupted. @throws when the run, the server or a worker failed
 */
export async function conductRun(
  options: StartOptions,
  afterwards: (done: ConductedRun, say: (line: string) => void) => Promise<void>,
): Promise<number> {
  const run = readRunFile(options.runFile, options.type);
  const workflowId = options.workflowId ?? run.name;
  const address = `127.0.0.1:${options.port}`;
  const screen = options.json ? process.stderr : process.stdout;
  const display = new LiveDisplay(screen, () => performance.now());
  const say = (line: string): void => display.note(line);
  if (readsDemoCorpus(run)) linkDemoCorpus(projectRoot);
  if (readsGameSounds(run)) await linkGameSounds(projectRoot);

  const interruption = listenForInterruption(() =>
    say(
      '\nStopping: the step in progress is finished and its checkpoint written. ' +
        'Ctrl-C again stops at once.',
    ),
  );
  const session = await Session.open({
    address,
    uiPort: options.uiPort,
    root: projectRoot,
    workers: options.workers,
    onNote: say,
  });
  interruption.onSecond(() => session.kill());
  const { client, close } = await connect(localSettings(address));
  const over = new AbortController();
  const watching = AbortSignal.any([interruption.signal, over.signal]);
  try {
    const work = async (): Promise<number> => {
      if (interruption.signal.aborted) return 130;
      await startOrResume(
        client,
        {
          ...{ type: options.type, workflowId, inputFile: shortPath(options.runFile), address },
          about: runSummary(run),
          origin: await describeOrigin(run, projectRoot),
        },
        say,
      );
      const link = session.linkTo(workflowId);
      if (link !== null) say(`Web UI: ${link}`);
      const result = await followRun(client, workflowId, display, watching, options.workers).catch(
        async (error: unknown) => {
          if (!options.keep || !(error instanceof WorkflowFailedError)) throw error;
          say(`\nThe run failed: ${describeFailure(error)}`);
          await untilInterrupted(interruption.signal, say);
          throw error;
        },
      );
      if (result === null) return 130;
      if ('outcome' in result) return unchanged(result, options.json, say);
      await afterwards({ run, result, workflowId, client }, say);
      if (options.json) printJson(runOutput(result));
      else say(`\n${resultTable(result, placesOf(run))}`);
      if (options.keep && !interruption.signal.aborted)
        await untilInterrupted(interruption.signal, say);
      return 0;
    };
    return await Promise.race([work(), session.failed]);
  } finally {
    over.abort();
    await session.stop();
    await close();
    if (interruption.signal.aborted && !options.keep)
      say('Stopped. The same command resumes the run.');
  }
}

function unchanged(result: Unchanged, json: boolean, say: (line: string) => void): number {
  if (json) printJson(runOutput(result));
  else say(`\n${result.says}`);
  return 0;
}

/**
 * Starts a run through the Temporal CLI, or resumes the open run of its id on this build. The
 * command is shown without the memo that says where it was started: what a user types has none.
 */
export async function startOrResume(
  client: Client,
  command: StartCommand,
  say: (line: string) => void,
): Promise<void> {
  if (await isOpen(client, command.workflowId)) {
    say(`Run ${command.workflowId} is open: resuming it, with the run file it was started with.`);
    if (await moveToCurrentBuild(client, command.workflowId))
      say('An earlier build started it; it is moved to this build.');
    say(
      `(To start again: ${shellLine(nameToType(temporalBinary()), terminateArguments(command))})\n`,
    );
    return;
  }
  const { origin: _, ...typed } = command;
  say(`\n  ${shellLine(nameToType(temporalBinary()), startArguments(typed))}\n`);
  await runTemporal(temporalBinary(), startArguments(command));
}

async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function untilInterrupted(signal: AbortSignal, say: (line: string) => void): Promise<void> {
  say('\nServer and workers keep running. Ctrl-C stops them.');
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function placesOf(run: DistillRun | TeachRun): { result: string; report: string } {
  const { uri } = openStore(projectRoot, run.store);
  const place = (file: 'result.json' | 'report.html'): string =>
    `${shortPath(uri)}/${layout.latest(run.name, file)}`;
  return { result: place('result.json'), report: place('report.html') };
}
