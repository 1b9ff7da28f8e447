/** One try: a run is started, something happens to it at a drawn moment, and what it leaves is compared with an undisturbed run's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { permutation, philox, streamKey, uniform } from '../../ced/augment/random';
import type { LiveProgress, RunResult } from '../../workflows/contract/activities';
import type { RunStatus } from '../../workflows/contract/status';
import { FAULTS, type Fault } from './faults';
import { EPOCHS, STEPS_PER_EPOCH, type Scene } from './scene';

export interface Outcome {
  seed: number;
  try: number;
  fault: string;
  moment: string;
  /** From the fault to the first progress after it; null where the run had none to make. */
  recoverySeconds: number | null;
  /** Steps trained twice, as far as the last heartbeat tells. */
  stepsRepeated: number;
  seconds: number;
  identical: boolean;
  why: string | null;
}

interface Draw {
  fault: Fault;
  /** Epoch after which it happens; null = as soon as logits are being made. */
  epoch: number | null;
  within: number;
}

/** A function of the seed and the number alone. Every fault comes once in as many tries as there are faults. */
export function drawTry(seed: number, index: number): Draw {
  const block = Math.floor(index / FAULTS.length);
  const fault = FAULTS[permutation(seed, block, FAULTS.length)[index % FAULTS.length] ?? 0];
  if (!fault) throw new Error('no fault');
  const words = philox(streamKey('chaos', seed, index), [0, 0, 0, 0]);
  const early = uniform(words[0]) < 0.2 && !fault.needsCheckpoint;
  return { fault, epoch: early ? null : 2 + Math.floor(uniform(words[1]) * (EPOCHS - 5)), within: uniform(words[2]) };
}

const LIMIT_MS = 180_000;

export async function runTry(scene: Scene, seed: number, index: number, expected: string): Promise<Outcome> {
  const { fault, epoch, within } = drawTry(seed, index);
  const name = `try-${index}`;
  const startedMs = performance.now();
  const outcome: Outcome = { seed, try: index, fault: fault.name, moment: epoch === null ? 'logits' : `epoch ${epoch}`, recoverySeconds: null, stepsRepeated: 0, seconds: 0, identical: false, why: null }; // prettier-ignore
  let handle: WorkflowHandle | undefined;
  try {
    await scene.revive();
    handle = await scene.start(name);
    await until(handle, (status) => (epoch === null ? stageOf(status, 'logits').state !== 'waiting' : epochOf(status) >= epoch));
    await sleep(within * 200);
    scene.rememberEngines();
    const stepBefore = await liveStep(handle);
    const { attempts, progress } = { attempts: scene.startingSteps(name).length, progress: progressOf(await status(handle)) };
    const faultMs = performance.now();
    await fault.happen(scene, scene.storeOf(name), within);
    await until(handle, (now) => progressOf(now) > progress);
    outcome.recoverySeconds = (performance.now() - faultMs) / 1000;
    const result = (await handle.result()) as RunResult;
    const resumedAt = scene.startingSteps(name)[attempts];
    if (resumedAt !== undefined && epoch !== null) outcome.stepsRepeated = Math.max(0, stepBefore - resumedAt);
    if (scene.fingerprint(name, result) !== expected) outcome.why = 'other bytes';
    else if (scene.orphans().length > 0) outcome.why = `orphaned engine ${scene.orphans().join(', ')}`;
    outcome.identical = outcome.why === null;
  } catch (error) {
    outcome.why = (error as Error).message.split('\n')[0] ?? 'failed';
    await handle?.terminate().catch(() => undefined);
  }
  outcome.seconds = (performance.now() - startedMs) / 1000;
  return outcome;
}

const status = (handle: WorkflowHandle): Promise<RunStatus> => handle.query<RunStatus>('status');

async function until(handle: WorkflowHandle, reached: (status: RunStatus) => boolean): Promise<void> {
  for (const deadline = performance.now() + LIMIT_MS; ; await sleep(50)) {
    // While the server or the CPU worker is gone, nobody answers.
    const now = await status(handle).catch(() => null);
    if (now && (reached(now) || now.state === 'done')) return;
    if (performance.now() > deadline) throw new Error(`no progress within ${LIMIT_MS / 1000} s`);
  }
}

function stageOf(now: RunStatus, name: 'logits' | 'distill'): RunStatus['stages'][number] {
  const stage = now.stages.find((each) => each.name === name);
  if (!stage) throw new Error(`no stage ${name}`);
  return stage;
}

function epochOf(now: RunStatus): number {
  return now.epochs['student']?.epoch ?? 0;
}

/** Grows with everything that a run gets done. */
function progressOf(now: RunStatus): number {
  return epochOf(now) * 1000 + now.stages.reduce((sum, { done }) => sum + done, 0);
}

/** Steps done by the last heartbeat and by the last finished epoch, whichever is more. */
async function liveStep(handle: WorkflowHandle): Promise<number> {
  const [payload] = (await handle.describe()).raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
  const live = payload?.data ? (JSON.parse(Buffer.from(payload.data).toString()) as LiveProgress) : null;
  return Math.max(live?.unit === 'steps' ? live.done : 0, epochOf(await status(handle)) * STEPS_PER_EPOCH);
}
