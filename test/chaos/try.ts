/**
 * One try: a run is started, something happens to it at a drawn moment, and what it leaves is
 * compared with an undisturbed run's.
 */
import type { WorkflowHandle } from '@temporalio/client';
import type { Store } from '../../storage/store';
import type { RunResult } from '../../workflows/contract/activities';
import { describe, nameOf, reached, type Draw } from './draw';
import { recoverySeconds, workRepeated } from './effort';
import type { Scene } from './scene';
import { Trial } from './trial';

export interface Outcome {
  seed: number;
  try: number;
  fault: string;
  moment: string;
  /**
   * From the fault to the first progress beyond what was there before; null where the run had none
   * to make.
   */
  recoverySeconds: number | null;
  stepsRepeated: number;
  rowsRepeated: number;
  seconds: number;
  identical: boolean;
  why: string | null;
}

/** A run that has not ended by itself by then never will. */
const LIMIT_MS = 300_000;

/** @param expected fingerprint of an undisturbed run */
export async function runTry(
  scene: Scene,
  { fault, moment, within, scheme }: Draw,
  name: string,
  expected: string,
): Promise<Omit<Outcome, 'seed' | 'try'>> {
  const startedMs = performance.now();
  const outcome = {
    fault: describe({ fault, scheme }),
    moment: nameOf(moment),
    recoverySeconds: null as number | null,
    stepsRepeated: 0,
    rowsRepeated: 0,
    seconds: 0,
    identical: false,
    why: null as string | null,
  };
  let trial: Trial | undefined;
  try {
    await scene.settle();
    const other = fault.beside ? await finishedRun(scene, `${name}-other`, fault.beside) : null;
    trial = await Trial.start(scene, name, fault.place, {
      other,
      scheme,
      ...(fault.resume ? { resume: fault.resume } : {}),
    });
    await reached(trial, moment);
    const atMs = Date.now();
    await fault.happen(scene, trial, within);
    const countsFromMs = trial.landedMs ?? Date.now();
    const result = await ending(trial.handle);
    const deeds = trial.deeds();
    outcome.recoverySeconds = recoverySeconds(deeds, await finishedActivities(trial.handle), {
      atMs,
      countsFromMs,
    });
    const repeated = workRepeated(deeds);
    outcome.stepsRepeated = repeated.steps;
    outcome.rowsRepeated = repeated.rows;
    outcome.why =
      (await trial.fingerprint(result)) === expected ? await trial.fault(result) : 'other bytes';
    outcome.identical = outcome.why === null;
  } catch (error) {
    const { cause, message } = error as {
      cause?: { type?: string; message?: string };
      message: string;
    };
    outcome.why =
      [message, cause?.type, cause?.message].filter(Boolean).join(': ').split('\n')[0] ?? 'failed';
    await trial?.handle.terminate().catch(() => undefined);
  }
  if (trial?.service) trial.service.proxy.weather = 'fair';
  trial?.disk?.unmount();
  outcome.seconds = (performance.now() - startedMs) / 1000;
  return outcome;
}

async function finishedRun(
  scene: Scene,
  name: string,
  settings: { logitsSeed: number },
): Promise<Store> {
  const { handle, store } = await Trial.start(scene, name, 'folder', settings);
  await ending(handle);
  return store;
}

/** @throws when the run fails, and when it does not end */
async function ending(handle: WorkflowHandle): Promise<RunResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the run did not end within ${LIMIT_MS / 1000} s`)),
      LIMIT_MS,
    );
  });
  try {
    return await Promise.race([handle.result() as Promise<RunResult>, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** When the server took down each activity's end. */
async function finishedActivities(handle: WorkflowHandle): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? [])
    .filter((event) => event.activityTaskCompletedEventAttributes)
    .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6);
}
