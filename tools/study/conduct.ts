/**
 * Runs missing arms on a Temporal server and workers of its own, as `npm start` would: one run
 * after another, or several lanes at once, each on its own GPU worker with its share of the cores.
 * Students this small leave most of a second thread idle, so lanes finish more.
 */
import type { Client } from '@temporalio/client';
import { startOrResume } from '../../cli/run/conduct-run';
import { describeFailure } from '../../cli/failure';
import { connect, followRun } from '../../cli/run/follow';
import { listenForInterruption } from '../../cli/run/interruption';
import { LiveDisplay } from '../../cli/run/live-display';
import { Session } from '../../cli/run/session';
import { localSettings } from '../../workers/temporal-settings';
import { armRun, resultOf, takeReady, writeRunFile, type ArmRun } from './arm-run';
import type { Arm } from './experiment';

export interface ConductOptions {
  root: string;
  port: number;
  /** No run is started after this many minutes. */
  minutes: number;
  lanes: number;
  /** Whether a run could still decide something, given the results there are. @default all */
  isWanted?: (arm: Arm, seed: number) => boolean;
}

/** @returns how many arms failed, and whether every result exists */
export async function conduct(
  runs: readonly { arm: Arm; seed: number }[],
  { root, port, minutes, lanes, isWanted = () => true }: ConductOptions,
  onResult: () => Promise<void>,
): Promise<{ failed: number; complete: boolean }> {
  const startMs = performance.now();
  let isTimeUp = false;
  const pending = runs.filter(({ arm, seed }) => resultOf(root, arm, seed) === null);
  if (pending.every(({ arm, seed }) => !isWanted(arm, seed))) return { failed: 0, complete: true };
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const interruption = listenForInterruption(() =>
    say('\nStopping after the step in progress; the same command resumes.'),
  );
  const address = `127.0.0.1:${port}`;
  const session = await Session.open({
    address,
    uiPort: null,
    root,
    workers: true,
    gpuWorkers: lanes,
    onNote: say,
  });
  interruption.onSecond(() => session.kill());
  const { client, close } = await connect(localSettings(address));
  let [started, done, failed] = [0, 0, 0];
  let finished = Promise.resolve();
  try {
    const lane = async (): Promise<void> => {
      while (pending.length > 0) {
        const elapsedMinutes = (performance.now() - startMs) / 60_000;
        if (interruption.signal.aborted) return;
        isTimeUp = elapsedMinutes >= minutes;
        if (isTimeUp) return;
        const made = takeReady(root, pending, isWanted);
        // The teacher that the rest needs has failed, or another lane trains it and runs the rest.
        if (made === null) return;
        started++;
        const minutesLeft = Math.ceil((elapsedMinutes / done) * (pending.length + 1));
        const left = done === 0 ? '' : `, at most about ${minutesLeft} min left`;
        say(
          `\n${started} of at most ${started + pending.length}: ` +
            `${made.arm.label}, seed ${made.seed}${left}`,
        );
        const error = await attempt(client, made);
        if (error !== null) {
          failed++;
          say(`${made.name} failed: ${error}`);
        }
        if (interruption.signal.aborted) return;
        done++;
        await (finished = finished.then(onResult));
      }
    };
    const attempt = async (to: Client, made: ArmRun): Promise<string | null> => {
      const screen =
        lanes === 1
          ? process.stdout
          : { write: (text: string) => process.stdout.write(`${made.name}  ${text}`) };
      try {
        const command = {
          type: made.type,
          workflowId: made.name,
          inputFile: writeRunFile(root, made),
          address,
        };
        await startOrResume(to, command, say);
        await followRun(
          to,
          made.name,
          new LiveDisplay(screen, () => performance.now()),
          interruption.signal,
        );
        return null;
      } catch (error) {
        return describeFailure(error);
      }
    };
    await Promise.race([Promise.all(Array.from({ length: lanes }, lane)), session.failed]);
  } finally {
    await session.stop();
    await close();
  }
  const left = pending.filter(({ arm, seed }) => isWanted(arm, seed));
  if (!interruption.signal.aborted)
    for (const notice of notRun(root, left, isTimeUp ? minutes : null)) say(notice);
  return { failed, complete: pending.length === 0 && done === started && failed === 0 };
}

/**
 * Why runs were not started.
 * @param limit minutes, where they were over before the runs were
 */
export function notRun(
  root: string,
  left: readonly { arm: Arm; seed: number }[],
  limit: number | null,
): string[] {
  if (limit !== null && left.length > 0)
    return [
      `${left.length} of the runs were not started within ${limit} minutes (--minutes); the same ` +
        'command goes on with them',
    ];
  return left
    .filter(({ arm, seed }) => armRun(root, arm, seed) === null)
    .map(
      ({ arm, seed }) =>
        `${arm.id} seed ${seed} was not run: its teacher (${arm.needs?.label}) has no result`,
    );
}
