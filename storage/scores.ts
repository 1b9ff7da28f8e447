/** Scores of a model on a split: float32 [clips, classes], kept by model and corpus content. */
import { StoreDamaged } from '../workflows/contract/damage';
import { layout } from './layout';
import { quarantine } from './quarantine';
import { readJsonIfPresent, sha256, type Store } from './store';
import type { Latency } from '../ced/metrics/latency';
import { combine } from '../ced/teachers/ensemble';
import type { EnsembleMember } from '../workflows/contract/models';
import type { CorpusClips } from '../ced/corpus/corpus-clip';

export interface ScoresManifest {
  formatVersion: 1;
  mAP: number | null;
  /** Of the scores; absent in manifests of earlier versions. */
  sha256?: string;
  clips: number;
  classes: number;
  seconds: number;
  /** On eval, of models that hear our log-mel. */
  latency?: Latency;
}

/**
 * Reads what `scoreJob` kept; null where it kept nothing. @throws {StoreDamaged} when it is
 * damaged: scoring again mends it, as a new run does
 */
export async function readScores(
  store: Store,
  modelSha256: string,
  corpusSha256: string,
): Promise<Float32Array | null> {
  const key = layout.scores(modelSha256, corpusSha256);
  const manifest = await readJsonIfPresent<ScoresManifest>(
    store,
    layout.scoresManifest(modelSha256, corpusSha256),
  );
  const bytes = manifest && (await store.read(key));
  if (!bytes) return null;
  if (!holds(manifest, bytes))
    throw new StoreDamaged(
      [],
      `${store.uri}: ${key} is damaged; start the run again, the model is scored anew`,
    );
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  );
}

/**
 * Whether they are there and what was written. Those that are not have been set aside, with their
 * manifest: its times are not theirs.
 */
export async function areScoresVerified(
  store: Store,
  modelSha256: string,
  corpusSha256: string,
  manifest: ScoresManifest,
): Promise<boolean> {
  const found = await quarantine(store, layout.scores(modelSha256, corpusSha256), (bytes) =>
    holds(manifest, bytes),
  );
  if (found !== 'sound') await quarantine(store, layout.scoresManifest(modelSha256, corpusSha256));
  return found === 'sound';
}

export function holds(
  { sha256: expected, clips, classes }: ScoresManifest,
  bytes: Uint8Array,
): boolean {
  return (
    bytes.length === clips * classes * 4 && (expected === undefined || sha256(bytes) === expected)
  );
}

/**
 * float32 [clips, classes]: the weighted mean of the teachers' kept scores. @throws when a teacher
 * was not scored on this split
 */
export async function ensembleScores(
  store: Store,
  ensemble: EnsembleMember[],
  corpus: CorpusClips,
): Promise<Float32Array> {
  const scores: Float32Array[] = [];
  for (const member of ensemble) {
    const own = await readScores(store, member.sha256, corpus.contentSha256);
    if (!own)
      throw new StoreDamaged(
        [],
        `${member.name} has no scores on corpus ${corpus.contentSha256}; start the run again, it is scored anew`,
      );
    scores.push(own);
  }
  const outputs = ensemble.map(({ weight }, index) => ({
    values: scores[index] ?? new Float32Array(),
    output: 'probabilities' as const,
    weight,
  }));
  return combine(outputs, corpus.clips.length, corpus.vocabulary.length);
}
