/**
 * Compares what a worker's teacher says of the probe clips with what it said the first time: other
 * machines differ a little, other weights do not.
 */
import { z } from 'zod';
import { outputFault } from '../ced/teachers/output-fault';
import { StoreDamaged } from '../workflows/contract/damage';
import { PermanentError } from '../workflows/contract/failures';
import type { CheckedProbe, CheckProbeInput } from '../workflows/contract/teacher-worker';
import { layout } from '../storage/layout';
import { requireWorkerManifest } from '../storage/models/worker-folder';
import {
  requestedOutputs,
  workerOutputs,
  type ExpectedOutputs,
} from '../storage/outputs/expected-outputs';
import type { OutputsOwner } from '../storage/outputs/outputs-manifest';
import { ShardOutputs } from '../storage/outputs/shard-outputs';
import { createRecordOrAdopt, quarantine } from '../storage/quarantine';
import { record } from '../storage/record';
import type { Store } from '../storage/store';
import type { ActivityDependencies } from './dependencies';

/** Of probabilities. Other GPUs, other kernels and float16 outputs stay far below. */
const LARGEST_DIFFERENCE = 0.02;
const LARGEST_MEAN_DIFFERENCE = 1e-3;

export const firstProbeRecord = record(
  'first probe of a teacher',
  1,
  z.object({ formatVersion: z.literal(1), data: z.string(), manifest: z.string() }),
);

/**
 * @throws {PermanentError} TeacherInvalid naming the teacher
 * @throws {StoreDamaged} when the worker's outputs are missing or damaged
 */
export async function checkProbe(
  deps: Pick<ActivityDependencies, 'openStore'>,
  { store: uri, teacher, probe }: CheckProbeInput,
): Promise<CheckedProbe> {
  const store = deps.openStore(uri);
  const manifest = await requireWorkerManifest(store, teacher.sha256);
  const expected = requestedOutputs(probe, workerOutputs(manifest));
  const owner: OutputsOwner = {
    name: teacher.name,
    what: 'probe clips',
    damage: { kind: 'outputs', teacher: teacher.sha256, split: 'train', shard: 0 },
  };
  const own = await ShardOutputs.readAll(store, expected, owner);
  const { length: classes } = manifest.vocabulary;
  const fault = outputFault(own, expected.rows, classes, manifest.output === 'logits');
  if (fault) throw new PermanentError('TeacherInvalid', `${teacher.name}: probe clips: ${fault}`);
  const first = await firstOr(store, layout.firstProbe(manifest.teacherKey, expected.rowsSha256), {
    expected,
    owner,
    own,
  });
  if (first === null) return { largest: null };
  const { largest, mean } = difference(own, first);
  if (largest > LARGEST_DIFFERENCE || mean > LARGEST_MEAN_DIFFERENCE)
    throw new PermanentError(
      'TeacherInvalid',
      `${teacher.name} answers fixed probe clips otherwise than before under the same version ` +
        `${manifest.version}: probabilities differ by ${largest.toPrecision(2)} at most, ` +
        `${mean.toPrecision(2)} on average; give it a new version, or its former weights`,
    );
  return { largest };
}

interface Probe {
  expected: ExpectedOutputs;
  owner: OutputsOwner;
  own: Float32Array;
}

/** What the first probe gave; null where this one is the first, now on record. */
async function firstOr(store: Store, key: string, probe: Probe): Promise<Float32Array | null> {
  const { data, manifest } = probe.expected.place;
  const first = await createRecordOrAdopt(store, key, firstProbeRecord, {
    formatVersion: 1 as const,
    data,
    manifest,
  });
  if (first === null || first.data === data) return null;
  try {
    const place = { ...probe.expected.place, data: first.data, manifest: first.manifest };
    const found = await ShardOutputs.readAll(store, { ...probe.expected, place }, probe.owner);
    // Two are enough to compare.
    await store.remove(manifest);
    await store.remove(data);
    return found;
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    await quarantine(store, key);
    return await firstOr(store, key, probe);
  }
}

function difference(own: Float32Array, first: Float32Array): { largest: number; mean: number } {
  let [largest, sum] = [0, 0];
  own.forEach((value, at) => {
    const apart = Math.abs(value - first[at]!);
    largest = Math.max(largest, apart);
    sum += apart;
  });
  return { largest, mean: sum / own.length };
}
