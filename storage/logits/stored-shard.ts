/** A stored logit shard: the manifest that vouches for it, and how it is found. */
import type { LogitsShard } from '../../workflows/contract/activities';
import { layout } from '../layout';
import { quarantine } from '../quarantine';
import { JsonDamaged, readJsonIfPresent, type Store } from '../store';
import type { TeacherPair } from '../../ced/metrics/teacher-agreement';

/** What is known of rows when the teachers have heard them. */
export interface RowNotes {
  seconds: number;
  /** Of every two teachers on this shard; absent for imported logits. */
  agreement?: TeacherPair[];
  /** Of a run's first shard: what let it go on. */
  gate?: GateScores[];
}

export interface LogitsManifest extends RowNotes {
  formatVersion: 1;
  rowsPlanned: number;
  rowsWritten: number;
  sha256: string;
  bytes: number;
}

export async function storedShard(
  store: Store,
  key: string,
  audioSha256: string,
): Promise<LogitsShard | null> {
  const manifestKey = layout.logitsManifest(key, audioSha256);
  const manifest = await readJsonIfPresent<LogitsManifest>(store, manifestKey).catch(
    async (error: unknown) => {
      if (!(error instanceof JsonDamaged)) throw error;
      // Both, as in training: nobody can say now whether the shard is what it was.
      await quarantine(store, manifestKey);
      await quarantine(store, layout.logits(key, audioSha256));
      return null;
    },
  );
  if (manifest === null || !(await store.exists(layout.logits(key, audioSha256)))) return null;
  return {
    logitsKey: key,
    rows: manifest.rowsWritten,
    bytes: manifest.bytes,
    seconds: manifest.seconds,
    reused: true,
  };
}

export interface GateScores {
  split: 'validation' | 'eval';
  /** Macro mAP of each in run-file order; null where the split has no labels. */
  teachers: (number | null)[];
  ensemble: number | null;
}
