/** What a run heard: each split's size, and every clip that was left out with its reason (design, invariant 9). */
import type { SealedSplit, Split } from '../../workflows/contract/activities';
import { readIngest } from '../download/read-ingest';
import { readCorpus } from '../download/seal-corpus';
import { SPLITS } from '../storage/layout';
import type { Store } from '../storage/store';

export interface SplitSummary extends SealedSplit {
  split: Split;
  /** Clips that hold the same audio as another of their split; absent = none. */
  duplicates?: number;
}

export interface RejectedClip {
  split: Split;
  clip: string;
  reason: string;
}

export async function readRunCorpus(store: Store, planKey: string): Promise<{ splits: SplitSummary[]; rejected: RejectedClip[] }> {
  const corpus = await readCorpus(store, planKey);
  const splits: SplitSummary[] = [];
  const rejected: RejectedClip[] = [];
  for (const split of SPLITS) {
    const sealed = corpus.splits[split];
    if (!sealed) continue;
    const { shards, clips, chunks, samples, labelled } = sealed;
    splits.push({
      split,
      shards,
      clips,
      chunks,
      samples,
      rejected: sealed.rejected,
      labelled,
      ...(sealed.duplicates ? { duplicates: sealed.duplicates.count } : {}),
    });
    if (sealed.rejected === 0) continue;
    for (const [shard, { ingest, audioSha256 }] of sealed.shardsOf.entries()) {
      const manifest = await readIngest(store, { split, shard, ingest, audioSha256 });
      for (const { clip, reason } of manifest.rejected) rejected.push({ split, clip, reason });
    }
  }
  return { splits, rejected };
}

/** `rejected.jsonl`: one clip a line. */
export function encodeRejected(rejected: readonly RejectedClip[]): Uint8Array {
  return Buffer.from(rejected.map(({ split, clip, reason }) => JSON.stringify({ split, clip, reason }) + '\n').join(''));
}

export interface RejectedGroup {
  /** What the clips have in common: a reason up to its first colon, without what it quotes or counts. */
  kind: string;
  count: number;
  examples: RejectedClip[];
}

const EXAMPLES = 5;

/** Most frequent first; a reason mostly names the clip's own path, so whole reasons would hardly ever meet. */
export function groupRejected(rejected: readonly RejectedClip[]): RejectedGroup[] {
  const groups = new Map<string, RejectedGroup>();
  for (const clip of rejected) {
    const kind = (clip.reason.split(':')[0] ?? '').replace(/'[^']*'|"[^"]*"/g, '…').replace(/\d+/g, 'n');
    const group = groups.get(kind) ?? { kind, count: 0, examples: [] };
    group.count++;
    if (group.examples.length < EXAMPLES) group.examples.push(clip);
    groups.set(kind, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
}
