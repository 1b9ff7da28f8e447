/** The clips of a split, in shard order. */
import type { Vocabulary } from '../teachers/vocabulary';

export interface CorpusClip {
  readonly clip: string;
  readonly sha256: string;
  readonly labels: number[] | null;
  /** All of them: chunks may leave a rest out. */
  readonly samples: number;
  readonly chunks: { start: number; length: number }[];
  /** Of those that were read. */
  readonly shard: number;
  readonly offset: number;
}

export interface CorpusClips {
  readonly vocabulary: Vocabulary;
  readonly clips: CorpusClip[];
  /** Identifies the audio and its labels: the same content gives the same key. */
  readonly contentSha256: string;
  /** SHA-256 of each shard's audio, in shard order. */
  readonly audioShards: string[];
}
