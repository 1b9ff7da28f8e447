/** A run file's teacher of any format, read and checked, without storing anything. */
import { abstentionNote, requireEveryClass } from '../../ced/teachers/class-map';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import type { Hint } from '../../workflows/contract/hints';
import type { FileTeacher } from '../../workflows/contract/run-file-sections';
import { toldByTraining } from './training-hints';
import { readTeacher, type Checkpoint, type MappedClasses } from './read-checkpoint';
import type { InputPlace } from './read-input';
import { readWaveformTeacher, type ReadWaveformTeacher } from './read-waveform-teacher';

/** Of the paper, and the run file's default. */
const CHUNK_SECONDS = 10;

interface Told {
  notes: string[];
  /** Of its own training; their texts are among the notes. */
  hints: Hint[];
}

/**
 * @param options.chunkSeconds length of clips that networks of others are tried with
 * @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what
 *   they hold
 */
export async function readAnyTeacher(
  input: InputPlace,
  vocabulary: Vocabulary,
  field: string,
  teacher: FileTeacher,
  { chunkSeconds = CHUNK_SECONDS }: { chunkSeconds?: number },
): Promise<(Checkpoint | ReadWaveformTeacher) & MappedClasses & Told> {
  const { format } = teacher;
  const found =
    format === 'ced'
      ? await readCedTeacher(input, vocabulary, field, teacher)
      : {
          ...(await readWaveformTeacher(input, vocabulary, field, teacher, chunkSeconds)),
          hints: [],
        };
  const note = abstentionNote(found.classMap, vocabulary);
  return note === null ? found : { ...found, notes: [...found.notes, `${field}: ${note}`] };
}

async function readCedTeacher(
  input: InputPlace,
  vocabulary: Vocabulary,
  field: string,
  teacher: Extract<FileTeacher, { format: 'ced' }>,
): Promise<Checkpoint & MappedClasses & Told> {
  const { checkpoint, missing = 'refuse' } = teacher;
  const read = await readTeacher(input, vocabulary, `${field}.checkpoint`, checkpoint, missing);
  return { ...read, ...(await toldByTraining(input, field, teacher, read.weights)) };
}

/**
 * @param maps of all teachers of a run
 * @throws {PermanentError} TeacherInvalid naming the classes that no teacher knows
 */
export function requireKnownClasses(maps: readonly Int32Array[], vocabulary: Vocabulary): void {
  try {
    requireEveryClass(maps, vocabulary);
  } catch (error) {
    throw new PermanentError('TeacherInvalid', `teachers: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
