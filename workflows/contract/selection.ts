/**
 * The contract with an activity of the user that leaves training clips out: the run file's
 * `selection` names it, and it is asked once, when the logits are stored. Its answer comes from
 * outside, so it is read through the schema.
 */
import { z } from 'zod';

export const SELECTION_CONTRACT = 1;

/**
 * Characters of all names together: the answer travels with each training and with the result,
 * whose payloads stay below 100 KB. A rule that leaves out more belongs before the run, where it
 * writes the table of training clips.
 */
export const LONGEST_SELECTION = 32_768;

export interface SelectClipsInput {
  contract: typeof SELECTION_CONTRACT;
  /** Name of the run. */
  run: string;
  /** As in the run file: `new StoreReader(store)` of `ced-distillation/formats` reads it. */
  store: string;
  /** The run's table of training clips, as in the run file. */
  train: string;
  /** Key of the stored logits: `StoreReader.logits(logitsKey)` has the name of each clip. */
  logitsKey: string;
}

export const selectedClipsSchema = z.object({
  /** Names of training clips, in any order; empty = every clip is trained on. */
  leaveOut: z
    .array(z.string().min(1))
    .refine(
      (names) => names.reduce((sum, name) => sum + name.length, 0) <= LONGEST_SELECTION,
      `expected names of at most ${LONGEST_SELECTION} characters together`,
    ),
});
export type SelectedClips = z.output<typeof selectedClipsSchema>;

/** As a result names it. */
export const selectionSchema = z.object({
  activity: z.string(),
  taskQueue: z.string(),
  /** Left out. */
  clips: z.number(),
  /** The first of them by name; `left-out.jsonl` beside the result has all. */
  examples: z.array(z.string()),
});
export type Selection = z.output<typeof selectionSchema>;
