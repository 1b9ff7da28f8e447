/** What a teacher's own training said, if `npm run teach` left it beside the checkpoint. */
import {
  hintsOfTraining,
  LARGEST_TRAINING_BYTES,
  TRAINING_FILE,
} from '../../storage/models/checkpoint-training';
import type { Hint } from '../../workflows/contract/hints';
import { isPresent, placeWithin, readModelFile, type InputPlace } from './read-input';

interface ToldByTraining {
  /** Each names the teacher's field. */
  hints: Hint[];
  notes: string[];
}

/**
 * @param field of the teacher; `name` is its own in the run
 * @param weights that were read
 */
export async function toldByTraining(
  input: InputPlace,
  field: string,
  { name, checkpoint }: { name: string; checkpoint: string },
  weights: Uint8Array,
): Promise<ToldByTraining> {
  // Hubs and web servers have models of others, and need not say that a file is missing.
  if (/^(https?|hf):/.test(checkpoint)) return { hints: [], notes: [] };
  const where = `${field}.checkpoint`;
  if (!(await isPresent(input, where, checkpoint, TRAINING_FILE))) return { hints: [], notes: [] };
  const expected = 'a file beside the checkpoint';
  const bytes = await readModelFile(
    ...([input, where, checkpoint, expected, TRAINING_FILE, LARGEST_TRAINING_BYTES] as const),
  );
  const told = hintsOfTraining(bytes, weights);
  if (told === null) {
    const file = placeWithin(input.root, checkpoint, TRAINING_FILE);
    return { hints: [], notes: [`${field}: ${file} is not read: it is of another format`] };
  }
  const hints = told.map((hint) => ({ ...hint, about: name, text: `${field}: ${hint.text}` }));
  return { hints, notes: hints.map(({ text }) => text) };
}
