/** A stored logit shard: the manifest that vouches for it, and how it is found. */
import type { LogitsShard } from '../../workflows/contract/activities';
import { layout } from '../storage/layout';
import { readJsonIfPresent, type Store } from '../storage/store';
import type { GateScores } from './ensemble-gate';
import type { TeacherPair } from './teacher-agreement';

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

export async function storedShard(store: Store, key: string, audioSha256: string): Promise<LogitsShard | null> {
  const manifest = await readJsonIfPresent<LogitsManifest>(store, layout.logitsManifest(key, audioSha256));
  if (manifest === null || !(await store.exists(layout.logits(key, audioSha256)))) return null;
  return { logitsKey: key, rows: manifest.rowsWritten, bytes: manifest.bytes, seconds: manifest.seconds, reused: true };
}
