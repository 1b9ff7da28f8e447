/** Runs what is missing, one after another, on a Temporal server and two workers of its own, as `npm start` would. */
import type { Client } from '@temporalio/client';
import { startOrGoOn } from '../../cli/conduct-run';
import { describeFailure } from '../../cli/failure';
import { connect, followRun } from '../../cli/follow';
import { listenForInterruption } from '../../cli/interruption';
import { LiveDisplay } from '../../cli/live-display';
import { Session } from '../../cli/session';
import { localSettings } from '../../workers/temporal-settings';
import { armRun, resultOf, writeRunFile, type ArmRun } from './arm-run';
import type { Arm } from './experiment';

export interface ConductOptions {
  root: string;
  port: number;
  /** No run is started after this many minutes. */
  minutes: number;
}

/** @returns how many arms failed, and whether all that was asked for is there */
export async function conduct(
  runs: readonly { arm: Arm; seed: number }[],
  { root, port, minutes }: ConductOptions,
  onResult: () => Promise<void>,
): Promise<{ failed: number; complete: boolean }> {
  const startMs = performance.now();
  const missing = runs.filter(({ arm, seed }) => resultOf(root, arm, seed) === null);
  if (missing.length === 0) return { failed: 0, complete: true };
  const display = new LiveDisplay(process.stdout, () => performance.now());
  const say = (line: string): void => display.note(line);
  const interruption = listenForInterruption(() => say('\nStopping after the step in progress; the same command goes on.'));
  const address = `127.0.0.1:${port}`;
  const session = await Session.open({ address, uiPort: null, root, workers: true, onNote: say });
  interruption.onSecond(() => session.kill());
  const { client, close } = await connect(localSettings(address));
  let [done, failed] = [0, 0];
  try {
    const work = async (): Promise<void> => {
      for (const { arm, seed } of missing) {
        const elapsedMinutes = (performance.now() - startMs) / 60_000;
        if (interruption.signal.aborted || elapsedMinutes >= minutes) return;
        const left = done === 0 ? '' : `, about ${Math.ceil((elapsedMinutes / done) * (missing.length - done))} min left`;
        say(`\n${done + 1} of ${missing.length}: ${arm.label}, seed ${seed}${left}`);
        const made = armRun(root, arm, seed);
        const error = made === null ? `what it needs (${arm.needs?.label}) has no result` : await attempt(client, address, root, made);
        if (error !== null) {
          failed++;
          say(`failed: ${error}`);
        }
        if (interruption.signal.aborted) return;
        done++;
        await onResult();
      }
    };
    const attempt = async (to: Client, at: string, below: string, made: ArmRun): Promise<string | null> => {
      try {
        const command = { type: made.type, workflowId: made.name, inputFile: writeRunFile(below, made), address: at };
        await startOrGoOn(to, command, say);
        await followRun(to, made.name, display, interruption.signal);
        return null;
      } catch (error) {
        return describeFailure(error);
      }
    };
    await Promise.race([work(), session.failed]);
  } finally {
    await session.stop();
    await close();
  }
  return { failed, complete: done === missing.length && failed === 0 };
}
