/**
 * Which clips are the same recording, by the SHA-256 of the decoded samples. A training clip that
 * is also an evaluation clip falsifies every score and is an error; a repeated clip in one split is
 * only reported. Splits must come smallest first: all but train are held by name.
 */
import { z } from 'zod';
import type { Split } from '../../workflows/contract/models';

const EXAMPLES = 20;

export const SMALLEST_FIRST = ['validation', 'eval', 'train'] as const satisfies readonly Split[];

const sameContentSchema = z.object({
  clip: z.string(),
  /** The clip it equals. */
  of: z.string(),
});

export const duplicatesSchema = z.object({
  count: z.number(),
  examples: z.array(sameContentSchema),
});
export type Duplicates = z.output<typeof duplicatesSchema>;

export class ContentIndex {
  private readonly heldOut = new Map<string, { split: Split; clip: string }>();
  private readonly seen = new Map<Split, Set<string>>();
  readonly duplicates: Record<Split, Duplicates> = {
    train: none(),
    validation: none(),
    eval: none(),
  };
  /** Training clips that stand in validation or eval too; `of` says where, as `eval clip`. */
  readonly overlaps: Duplicates = none();

  add(split: Split, clip: string, contentSha256: string): void {
    // 128 bits are plenty, and 16 characters instead of 64 let two million clips fit.
    const key = Buffer.from(contentSha256, 'hex').toString('latin1', 0, 16);
    const seen = this.seen.get(split) ?? new Set<string>();
    this.seen.set(split, seen);
    if (seen.has(key))
      count(this.duplicates[split], { clip, of: this.heldOut.get(key)?.clip ?? 'an earlier clip' });
    seen.add(key);
    const held = this.heldOut.get(key);
    if (split !== 'train') this.heldOut.set(key, held ?? { split, clip });
    else if (held) count(this.overlaps, { clip, of: `${held.split} ${held.clip}` });
  }
}

/** Names the first few: `a = eval x, b = eval y and 3 more`. */
export function namesOf({ count, examples }: Duplicates, most = 5): string {
  const shown = examples.slice(0, most).map(({ clip, of }) => `${clip} = ${of}`);
  return `${shown.join(', ')}${count > shown.length ? ` and ${count - shown.length} more` : ''}`;
}

function none(): Duplicates {
  return { count: 0, examples: [] };
}

function count(duplicates: Duplicates, found: Duplicates['examples'][number]): void {
  duplicates.count++;
  if (duplicates.examples.length < EXAMPLES) duplicates.examples.push(found);
}
