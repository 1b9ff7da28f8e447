/**
 * The name under which logits are stored: a hash of everything that determines them besides the
 * audio, and of nothing else. A second student or tomorrow's retrain with the same description
 * finds them and computes nothing; the shard beside it names the audio, and neither engine nor
 * hardware is part of the description.
 */
import { createHash } from 'node:crypto';
import { augmentationVersion, type AugmentConfig } from './augment/parameters';
import { normalisedWeights } from './teachers/ensemble';

export interface TeacherIdentity {
  /** Hex SHA-256 of the weights file. */
  readonly weightsSha256: string;
  /** Relative ensemble weight: (1, 1) and (2, 2) are one ensemble. */
  readonly weight: number;
  readonly output: 'probabilities' | 'logits';
  /** The teacher's class for each of the run's, in the run's order. */
  readonly classMap: readonly number[] | Int32Array;
  /**
   * For a teacher with its own front end: what it takes and whether spectrogram masks are skipped
   * for it.
   */
  readonly frontEnd: string;
  /** Of a teacher that is a worker. */
  readonly teacherKey?: string;
}

export interface LogitsDescription {
  /** In run-file order, which is the order of summation. */
  readonly teachers: readonly TeacherIdentity[];
  readonly precision: string;
  readonly chunkSeconds: number;
  readonly views: number;
  readonly topK: number;
  readonly seed: number;
  readonly augment: AugmentConfig;
}

/**
 * Raise it when equal descriptions come to mean other numbers: chunk rule, ensemble rule, rounding.
 */
const rulesVersion = 1;

/** Hex SHA-256. Only the fields named here enter: passing a wider object changes nothing. */
export function logitsKey({
  teachers,
  precision,
  chunkSeconds,
  views,
  topK,
  seed,
  augment,
}: LogitsDescription): string {
  const weights = normalisedWeights(teachers.map(({ weight }) => weight));
  const description = {
    rulesVersion,
    augmentationVersion,
    teachers: teachers.map(({ weightsSha256, output, classMap, frontEnd, teacherKey }, teacher) => {
      return {
        weightsSha256,
        weight: weights[teacher],
        output,
        classMap: Array.from(classMap),
        frontEnd,
        ...(teacherKey === undefined ? {} : { teacherKey }),
      };
    }),
    precision,
    chunkSeconds,
    views,
    topK,
    seed,
    augment: {
      shift: { maxFraction: augment.shift.maxFraction, probability: augment.shift.probability },
      timeMask: { maxFrames: augment.timeMask.maxFrames },
      freqMask: { maxBins: augment.freqMask.maxBins },
    },
  };
  return createHash('sha256').update(canonicalJson(description), 'utf8').digest('hex');
}

/**
 * JSON with sorted keys and no spaces: one text for one value. @throws TypeError on what JSON can't
 * hold, NaN and undefined included
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const fields = entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
    return `{${fields.join(',')}}`;
  }
  if (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    value === null ||
    Number.isFinite(value)
  )
    return JSON.stringify(value);
  throw new TypeError(`a ${typeof value} has no canonical form here (NaN and infinity neither)`);
}
