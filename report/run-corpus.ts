/** A run's corpus as the report shows it: sizes of the splits, and rejected clips with reasons. */
import type { FinalizedSplit } from '../workflows/contract/activities';
import type { Split } from '../workflows/contract/models';

export interface SplitSummary extends FinalizedSplit {
  split: Split;
  /** Clips with the same audio as another clip of their split; absent = none. */
  duplicates?: number;
}

export interface RejectedClip {
  split: Split;
  clip: string;
  reason: string;
}

export interface RejectedGroup {
  /** The reason up to its first colon, without quoted texts and numbers. */
  kind: string;
  count: number;
  examples: RejectedClip[];
}

export const EXAMPLES = 5;

/**
 * Groups clips by the kind of their reason, the most frequent first. (Whole reasons name the clip's
 * own path, so hardly two are equal.)
 */
export function groupRejected(rejected: readonly RejectedClip[]): RejectedGroup[] {
  const groups = new Map<string, RejectedGroup>();
  for (const clip of rejected) {
    const kind = kindOf(clip.reason);
    const group = groups.get(kind) ?? { kind, count: 0, examples: [] };
    group.count++;
    if (group.examples.length < EXAMPLES) group.examples.push(clip);
    groups.set(kind, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
}

/** What comes before the first colon, without texts in quotes, addresses and numbers. */
function kindOf(reason: string): string {
  const [kind = ''] = reason
    .replace(/^(?:[a-z][a-z0-9]*:\/\/|\/).*?: /, '')
    .replace(/'[^']*'|"[^"]*"/g, '…')
    .replace(/(?<![^\s(])(?:[a-z][a-z0-9]*:\/\/|\/)[^\s]*?(?=:?(?:\s|$))/g, '…')
    .split(':');
  return kind.replace(/\d+/g, 'n');
}

/** `rejected.jsonl`: one clip a line. */
export function encodeRejected(rejected: readonly RejectedClip[]): Uint8Array {
  return Buffer.from(
    rejected
      .map(({ split, clip, reason }) => JSON.stringify({ split, clip, reason }) + '\n')
      .join(''),
  );
}

/** `left-out.jsonl`: one training clip a line, that the run file's `selection` left out. */
export function encodeLeftOut(clips: readonly string[]): Uint8Array {
  return Buffer.from(clips.map((clip) => `${JSON.stringify({ clip })}\n`).join(''));
}
