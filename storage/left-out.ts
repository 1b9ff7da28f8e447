/** Chunks of which a teacher said nothing, as manifests keep them and activities tell them. */
import { z } from 'zod';
import type { LeftOut } from '../ced/teachers/left-out-chunks';
import { shortText } from '../workflows/contract/short-text';

/** Chunks that are named outside of the manifest. */
const MOST_TOLD = 3;
const LONGEST_CLIP_TOLD = 100;

export const leftOutSchema = z.object({
  chunks: z.number(),
  /** Views of them. */
  rows: z.number(),
  /** The first of them. */
  named: z.array(
    z.object({
      clip: z.string(),
      chunk: z.number(),
      teacher: z.string(),
      /** The end of a sentence that names the teacher. */
      why: z.string(),
    }),
  ),
});

/** Short enough for a payload, whatever the names of clips. */
export function toldLeftOut({ chunks, named }: Pick<LeftOut, 'chunks' | 'named'>): {
  chunks: number;
  examples: string[];
} {
  const examples = named
    .slice(0, MOST_TOLD)
    .map(
      ({ clip, chunk, teacher, why }) =>
        `${shortText(clip, LONGEST_CLIP_TOLD)} chunk ${chunk}: ${teacher} ${why}`,
    );
  return { chunks, examples };
}
