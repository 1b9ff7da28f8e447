/**
 * A run's corpus as the report shows it: sizes of the splits, and clips that were left out with
 * their reasons.
 */
import type { FinalizedSplit } from '../workflows/contract/activities';
import type { Split } from '../workflows/contract/models';

export interface SplitSummary extends FinalizedSplit {
  split: Split;
  /** Clips that hold the same audio as another of their split; absent = none. */
  duplicates?: number;
}

export interface RejectedClip {
  split: Split;
  clip: string;
  reason: string;
}

export interface RejectedGroup {
  /**
   * What the clips have in common: a reason up to its first colon, without what it quotes or
   * counts.
   */
  kind: string;
  count: number;
  examples: RejectedClip[];
}

export const EXAMPLES = 5;

/**
 * Most frequent first; a reason mostly names the clip's own path, so whole reasons would hardly
 * ever meet.
 */
export function groupRejected(rejected: readonly RejectedClip[]): RejectedGroup[] {
  const groups = new Map<string, RejectedGroup>();
  for (const clip of rejected) {
    const kind = (clip.reason.split(':')[0] ?? '')
      .replace(/'[^']*'|"[^"]*"/g, '…')
      .replace(/\d+/g, 'n');
    const group = groups.get(kind) ?? { kind, count: 0, examples: [] };
    group.count++;
    if (group.examples.length < EXAMPLES) group.examples.push(clip);
    groups.set(kind, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
}

/** `rejected.jsonl`: one clip a line. */
export function encodeRejected(rejected: readonly RejectedClip[]): Uint8Array {
  return Buffer.from(
    rejected
      .map(({ split, clip, reason }) => JSON.stringify({ split, clip, reason }) + '\n')
      .join(''),
  );
}
