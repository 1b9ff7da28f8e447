/** What one audio shard is made from. */

/**
 * A listing is what one audio shard is made from: immutable, content-addressed, and all that an
 * ingest activity needs to know.
 */
export interface ListedClip {
  clip: string;
  /** Path or URI. */
  audio: string;
  /** Where the clip lies inside `audio`, for members of a tar shard; absent = the whole of it. */
  range?: { offset: number; bytes: number };
  /** The part of the decoded recording that is the clip, in seconds; absent = all of it. */
  segment?: { start: number; end: number };
  /**
   * Of the source: size and modification time, generation or ETag. A changed one is ingested again.
   */
  fingerprint: string;
  /** Class indexes of the run's vocabulary; null where the row has no labels. */
  labels: number[] | null;
}

export interface Listing {
  formatVersion: 1;
  clips: ListedClip[];
  rejected: { clip: string; reason: string }[];
}
