/** A run file's teacher of any format, read and checked, without storing anything. */
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { Teacher } from '../../workflows/contract/run-file-sections';
import { readTeacher, type Checkpoint } from './read-checkpoint';
import type { InputPlace } from './read-input';
import { readWaveformTeacher, type ReadWaveformTeacher } from './read-waveform-teacher';

/** Of the paper, and the run file's default. */
const CHUNK_SECONDS = 10;

/**
 * @param options.chunkSeconds length of clips that networks of others are tried with
 * @throws {PermanentError} RunFileInvalid for files that cannot be read, TeacherInvalid for what
 *   they hold
 */
export async function readAnyTeacher(
  input: InputPlace,
  vocabulary: Vocabulary,
  field: string,
  teacher: Teacher,
  { chunkSeconds = CHUNK_SECONDS }: { chunkSeconds?: number },
): Promise<(Checkpoint & { notes: string[] }) | ReadWaveformTeacher> {
  if (teacher.format !== 'ced')
    return await readWaveformTeacher(input, vocabulary, field, teacher, chunkSeconds);
  const found = await readTeacher(input, vocabulary, `${field}.checkpoint`, teacher.checkpoint);
  return { ...found, notes: [] };
}
