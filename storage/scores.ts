/** Scores of a model on a split: float32 [clips, classes], kept by model and corpus content. */
import { z } from 'zod';
import { StoreDamaged } from '../workflows/contract/damage';
import { sampleRate as usualRate } from '../ced/audio/mono16k';
import type { CorpusAudio } from './corpus/corpus-audio';
import { layout } from './layout';
import { leftOutSchema, toldLeftOut } from './left-out';
import { createAnew, createRecordOrAdopt, quarantine, readRecordOrQuarantine } from './quarantine';
import { readRecordIfPresent, record, type RecordOf } from './record';
import { ContentDiffers, sha256, type Store } from './store';
import type { Latency } from '../ced/metrics/latency';
import type { ClipScores } from '../ced/metrics/clip-means';
import { combine } from '../ced/teachers/ensemble';
import type { Scored } from '../workflows/contract/activities';
import type { EnsembleMember, ModelReference, ScoredReference } from '../workflows/contract/models';
import type { CorpusClips } from '../ced/corpus/corpus-clip';

export const scoresRecord = record(
  'scores manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    mAP: z.number().nullable(),
    /**
     * Content of the split at the model's sample rate, which is not determined by that at 16 kHz;
     * absent = it takes 16 kHz.
     */
    contentAtRate: z.exactOptional(z.string()),
    /** Of the scores; absent in manifests of earlier versions. */
    sha256: z.exactOptional(z.string()),
    clips: z.number(),
    classes: z.number(),
    /** Classes that the model lacks: their scores are 0 and say nothing. Absent = none. */
    missing: z.exactOptional(z.array(z.number())),
    /**
     * Chunks that are in no score, as the model says nothing of them, and `clips`: numbers of those
     * that have no score. Of models whose outputs are not ours; absent = none, or kept by an
     * earlier version, which counted rows of zeros.
     */
    leftOut: z.exactOptional(leftOutSchema.extend({ clips: z.array(z.number()) })),
    seconds: z.number(),
    /** On eval, of models that take our log-mel. */
    latency: z.exactOptional(
      z.object({ milliseconds: z.number(), audioSeconds: z.number(), processor: z.string() }),
    ),
  }),
);
export type ScoresManifest = RecordOf<typeof scoresRecord>;

export interface StoredScores {
  /** [clips, classes], probabilities. */
  values: Float32Array;
  /** Classes that the model lacks: their values say nothing. */
  missing: readonly number[];
  /** Numbers of the clips that it says nothing of. */
  unscored: readonly number[];
  /** null where it was not measured. */
  latency: Latency | null;
}

/** What the manifest says of chunks that are in no score; of any model that is not ours. */
export function leftOutOf({
  leftOut,
  unscored,
}: Pick<ClipScores, 'leftOut' | 'unscored'>): NonNullable<ScoresManifest['leftOut']> {
  return { ...(leftOut ?? { chunks: 0, rows: 0, named: [] }), clips: unscored };
}

/** The same for the run's notes. */
export function toldOf({ leftOut }: Pick<ClipScores, 'leftOut'>): Pick<Scored, 'leftOut'> {
  return leftOut === null ? {} : { leftOut: toldLeftOut(leftOut) };
}

/** Writes scores: data first, manifest last. */
export async function keepScores(
  store: Store,
  modelSha256: string,
  { clips, vocabulary, contentSha256 }: CorpusClips,
  {
    scores,
    missing,
    ...measured
  }: Pick<ScoresManifest, 'mAP' | 'seconds' | 'latency' | 'contentAtRate' | 'leftOut'> & {
    scores: Float32Array;
    /** Classes that the model does not know. */
    missing: readonly number[];
  },
): Promise<void> {
  const bytes = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
  await createAnew(store, layout.scores(modelSha256, contentSha256), bytes);
  const manifest: ScoresManifest = {
    formatVersion: 1,
    sha256: sha256(bytes),
    clips: clips.length,
    classes: vocabulary.length,
    ...(missing.length === 0 ? {} : { missing: [...missing] }),
    ...measured,
  };
  const key = layout.scoresManifest(modelSha256, contentSha256);
  // Another run may have scored it at the same time; only times differ. A worker of another kind
  // has other scores: then the next attempt repairs it.
  const first = await createRecordOrAdopt(store, key, scoresRecord, manifest);
  if (first && first.sha256 !== manifest.sha256) throw new ContentDiffers(key);
}

/**
 * Reads the scores that `scoreJob` kept; null where it kept none. @throws {StoreDamaged} when they
 * are damaged: scoring again repairs them, as a new run does
 */
export async function readScores(
  store: Store,
  modelSha256: string,
  corpusSha256: string,
): Promise<StoredScores | null> {
  const key = layout.scores(modelSha256, corpusSha256);
  const manifest = await readRecordIfPresent(
    store,
    layout.scoresManifest(modelSha256, corpusSha256),
    scoresRecord,
  );
  const bytes = manifest && (await store.read(key));
  if (!bytes) return null;
  if (!holds(manifest, bytes))
    throw new StoreDamaged(
      [],
      `${store.uri}: ${key} is damaged; start the run again, the model is scored anew`,
    );
  const { buffer, byteOffset, byteLength } = bytes;
  return {
    values: new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)),
    missing: manifest.missing ?? [],
    unscored: manifest.leftOut?.clips ?? [],
    latency: manifest.latency ?? null,
  };
}

/**
 * Name of the clips at a model's own sample rate; undefined = it takes 16 kHz.
 * @param rate Hz
 */
export async function contentFor(
  audio: Pick<CorpusAudio, 'openRates'>,
  rate = usualRate,
): Promise<string | undefined> {
  return rate === usualRate ? undefined : (await audio.openRates([rate]))[0];
}

/**
 * Scores of an earlier run that this one may take over; null where there are none. Those that are
 * damaged or of other clips are quarantined with their manifest.
 * @param contentAtRate as `contentFor` gives it
 */
export async function keptScores(
  store: Store,
  { sha256: model, missing = 0 }: ScoredReference,
  { contentSha256 }: Pick<CorpusClips, 'contentSha256'>,
  contentAtRate: string | undefined,
): Promise<Scored | null> {
  const key = layout.scoresManifest(model, contentSha256);
  const found = await readRecordOrQuarantine(store, key, scoresRecord);
  if (found === null) return null;
  // Of clips that differ at its rate alone.
  if (found.contentAtRate !== contentAtRate) {
    await quarantine(store, layout.scores(model, contentSha256));
    await quarantine(store, key);
    return null;
  }
  // A model that may lack no classes is scored again, and refused.
  if (missing === 0 && found.missing !== undefined) return null;
  if (!(await areScoresVerified(store, model, contentSha256, found))) return null;
  return {
    ...{ mAP: found.mAP, seconds: found.seconds, reused: true },
    ...(found.leftOut && found.leftOut.chunks > 0 ? { leftOut: toldLeftOut(found.leftOut) } : {}),
  };
}

/**
 * Whether they are there and what was written. Others have been quarantined with their manifest,
 * whose times are not theirs.
 */
async function areScoresVerified(
  store: Store,
  modelSha256: string,
  corpusSha256: string,
  manifest: ScoresManifest,
): Promise<boolean> {
  const key = layout.scores(modelSha256, corpusSha256);
  const bytes = await store.read(key);
  if (bytes && holds(manifest, bytes)) return true;
  if ((await quarantine(store, key, manifest.sha256)) === 'verified') return true;
  await quarantine(store, layout.scoresManifest(modelSha256, corpusSha256));
  return false;
}

export function holds(
  { sha256: expected, clips, classes }: ScoresManifest,
  bytes: Uint8Array,
): boolean {
  return (
    bytes.length === clips * classes * 4 && (expected === undefined || sha256(bytes) === expected)
  );
}

/** As `readScores`. @throws {StoreDamaged} also when the model was not scored on this split */
export async function requireScores(
  store: Store,
  { name, sha256: model }: ModelReference,
  { contentSha256 }: CorpusClips,
): Promise<StoredScores> {
  const scores = await readScores(store, model, contentSha256);
  if (scores) return scores;
  throw new StoreDamaged(
    [],
    `${name} has no scores on corpus ${contentSha256}; start the run again, it is scored anew`,
  );
}

/** Reads the teachers' scores and returns `ensembleMean` of them. @throws as `requireScores` */
export async function ensembleScores(
  store: Store,
  ensemble: readonly EnsembleMember[],
  corpus: CorpusClips,
): Promise<Pick<StoredScores, 'values' | 'unscored'>> {
  const scores: StoredScores[] = [];
  for (const teacher of ensemble) scores.push(await requireScores(store, teacher, corpus));
  return ensembleMean(ensemble, scores, corpus);
}

/**
 * The weighted mean of the teachers' scores, float32 [clips, classes]; of each class over the
 * teachers that know it. A clip of which one of them says nothing has no score, as its chunks have
 * no logits.
 * @param scores of each teacher
 */
export function ensembleMean(
  ensemble: readonly EnsembleMember[],
  scores: readonly Pick<StoredScores, 'values' | 'missing' | 'unscored'>[],
  { clips, vocabulary }: CorpusClips,
): Pick<StoredScores, 'values' | 'unscored'> {
  const outputs = ensemble.map(({ weight }, index) => ({
    values: scores[index]?.values ?? new Float32Array(),
    output: 'probabilities' as const,
    weight,
    missing: scores[index]?.missing ?? [],
  }));
  const unscored = [...new Set(scores.flatMap((each) => [...each.unscored]))];
  return {
    values: combine(outputs, clips.length, vocabulary.length),
    unscored: unscored.sort((a, b) => a - b),
  };
}
