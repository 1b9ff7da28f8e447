/** A rule of your own between logits and training: which clips the students do not learn from. */
import type { SelectClipsInput, SelectedClips } from 'ced-distillation/contract';
import { StoreReader } from 'ced-distillation/formats';

/** Share of the training clips that is left out. */
const SHARE = 0.25;

/**
 * Leaves out the clips of which the ensemble is least certain: by the highest probability that it
 * gave any class in any view. The same logits give the same answer, so a run that is repeated finds
 * its students in the store.
 */
export async function leaveOutUncertain(input: SelectClipsInput): Promise<SelectedClips> {
  const certainty = new Map<string, number>();
  for await (const { clip, classes } of new StoreReader(input.store).logits(input.logitsKey)) {
    if (clip === null) continue;
    const highest = classes[0]?.probability ?? 0;
    certainty.set(clip, Math.max(highest, certainty.get(clip) ?? 0));
  }
  const ranked = [...certainty].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  return { leaveOut: ranked.slice(0, Math.floor(SHARE * ranked.length)).map(([clip]) => clip) };
}
