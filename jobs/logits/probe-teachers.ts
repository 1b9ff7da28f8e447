/**
 * The last check before hours are spent: each teacher predicts a few chunks as they are, whether or
 * not there is a split to score it on.
 */
import { knownColumns } from '../../ced/teachers/known-columns';
import { outputFault } from '../../ced/teachers/output-fault';
import { PermanentError } from '../../workflows/contract/failures';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { chunkBatches, inputFor, type ChunkBatch, type ChunkRow } from '../chunk-batches';
import type { MappedModel, Prediction } from '../mapped-model';
import { namingTeacher } from '../teacher-fault';
import type { LoadedTeacher } from './predict-shard';

const PROBE_CHUNKS = 8;

/**
 * @param beforeTeacher awaited with its name before each teacher's first prediction
 * @throws {PermanentError} TeacherInvalid, naming the teacher and what is wrong with its outputs
 */
export async function probeTeachers(
  teachers: readonly LoadedTeacher[],
  audio: CorpusAudio,
  beforeTeacher: (name: string) => Promise<void>,
): Promise<void> {
  const rows = audio.clips
    .flatMap((clip) => clip.chunks.slice(0, 1).map((chunk) => ({ clip, chunk })))
    .slice(0, PROBE_CHUNKS);
  const models = teachers.map(({ model }) => model);
  const probes: ChunkBatch<ChunkRow>[] = [];
  for await (const probe of chunkBatches(audio, rows, models, (_row, pcm, out) => out.set(pcm)))
    probes.push(probe);
  for (const { name, model } of teachers) {
    await beforeTeacher(name);
    const predictions: Prediction[] = [];
    for (const probe of probes) {
      const input = { ...inputFor(probe, model), masks: null };
      predictions.push(await namingTeacher(name, model.predict(input)));
    }
    const fault = probeFault(predictions, audio.vocabulary.length, model);
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
  }
}

/**
 * Single chunks of which a teacher says nothing are left out of the logits; one that says nothing
 * of all of them is none.
 */
function probeFault(
  predictions: readonly Prediction[],
  classes: number,
  { missing, frontEnd }: Pick<MappedModel, 'missing' | 'frontEnd'>,
): string | null {
  const rows = predictions.flatMap(({ values, faults }) =>
    Array.from({ length: values.length / classes }, (_, row) => ({
      values: values.subarray(row * classes, (row + 1) * classes),
      fault: faults.get(row),
    })),
  );
  const usable = rows.filter(({ fault }) => fault === undefined);
  const looked = usable.length > 0 ? usable : rows;
  const values = Float32Array.from(looked.flatMap((row) => [...row.values]));
  const fault = outputFault(
    knownColumns(values, classes, missing),
    looked.length,
    classes - missing.length,
    frontEnd === 'waveform',
  );
  return fault ?? (usable.length > 0 ? null : (rows[0]?.fault ?? null));
}
