/**
 * Each attempt records where it starts. Ten in a row from the same step are `NoProgress`: something
 * kills it before its first checkpoint.
 */
import { z } from 'zod';
import { PermanentError } from '../../workflows/contract/failures';
import { layout } from '../../storage/layout';
import { encodeChecksummed } from '../../storage/checksum';
import { readRecordOrQuarantine } from '../../storage/quarantine';
import { record } from '../../storage/record';
import type { Store } from '../../storage/store';

const ATTEMPTS_WITHOUT_PROGRESS = 10;

export const trainingAttemptRecord = record(
  'attempt at a training',
  1,
  z.object({ formatVersion: z.literal(1), step: z.number() }),
);

/**
 * @returns removes the record: an attempt that ended for want of disk space, or on demand, says
 *   nothing about the training
 */
export async function recordAttempt(
  store: Store,
  trainingKey: string,
  attemptId: string,
  step: number,
): Promise<() => Promise<void>> {
  const earlier = await store.list(layout.attempts(trainingKey));
  const order =
    earlier.length === 0
      ? 0
      : (Number.parseInt(earlier.at(-1)?.split('/').at(-1) ?? '', 10) || 0) + 1;
  const own = layout.attempt(trainingKey, order, attemptId);
  await store.create(own, encodeChecksummed({ formatVersion: 1, step }));
  const recent = earlier.slice(-(ATTEMPTS_WITHOUT_PROGRESS - 1));
  const steps = await Promise.all(
    recent.map(
      async (key) => (await readRecordOrQuarantine(store, key, trainingAttemptRecord))?.step,
    ),
  );
  if (steps.length === ATTEMPTS_WITHOUT_PROGRESS - 1 && steps.every((each) => each === step))
    throw new PermanentError(
      'NoProgress',
      `training/${trainingKey}: ${ATTEMPTS_WITHOUT_PROGRESS} attempts in a row ` +
        `began at step ${step}; look at the workers' logs, or lower checkpointSeconds`,
    );
  return () => store.remove(own);
}
