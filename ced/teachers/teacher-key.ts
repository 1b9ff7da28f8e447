/**
 * Where the outputs of a teacher are kept: `outputs/<teacherKey>/<viewsKey>/`. Neither depends on
 * the ensemble, on weights or on K, so a run with another ensemble finds them.
 */
import { createHash } from 'node:crypto';
import { augmentationVersion } from '../augment/parameters';
import { canonicalJson } from '../canonical-json';
import type { ViewsSettings } from '../logits/views';

/** What a worker says of its teacher, as far as it decides the outputs. */
export interface DescribedTeacher {
  version: string;
  weightsSha256: string;
  classes: { sha256: string };
  sampleRate: number;
  longestSeconds: number | null;
  output: 'probabilities' | 'logits';
  masks: boolean;
}

/** Hex SHA-256. Only the fields named here enter. */
export function teacherKey({
  version,
  weightsSha256,
  classes,
  sampleRate,
  longestSeconds,
  output,
  masks,
}: DescribedTeacher): string {
  return hash({
    version,
    weightsSha256,
    classes: classes.sha256,
    sampleRate,
    longestSeconds,
    output,
    masks,
  });
}

/** Raise it when equal settings come to mean other rows. */
const rowsVersion = 1;

/** Hex SHA-256 of what decides the rows of a shard. */
export function viewsKey(
  { views, seed, augment }: ViewsSettings,
  chunkSeconds: number,
  extra: Readonly<Record<string, string>> = {},
): string {
  const { shift, timeMask, freqMask } = augment;
  return hash({
    rowsVersion,
    augmentationVersion,
    chunkSeconds,
    views,
    seed,
    augment: {
      shift: { maxFraction: shift.maxFraction, probability: shift.probability },
      timeMask: { maxFrames: timeMask.maxFrames },
      freqMask: { maxBins: freqMask.maxBins },
    },
    ...extra,
  });
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
}
