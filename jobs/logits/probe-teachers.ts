/**
 * The last check before hours are spent: each teacher predicts a few chunks as they are, whether or
 * not there is a split to score it on.
 */
import { outputFault } from '../../ced/teachers/output-fault';
import type { Prediction } from '../../ced/teachers/prediction';
import { PermanentError } from '../../workflows/contract/failures';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { chunkBatches, inputFor, type ChunkBatch, type ChunkRow } from '../chunk-batches';
import { namingTeacher } from '../teacher-fault';
import type { Chunk } from '../../ced/audio/chunks';
import type { CorpusClip } from '../../ced/corpus/corpus-clip';
import type { LogitsSettings } from '../../workflows/contract/run-file-sections';
import type { Ensemble } from './predict-shard';
import type { ShardTeacher } from './shard-teacher';

const PROBE_CHUNKS = 8;

/**
 * @param beforeTeacher awaited with its name before each teacher's first prediction
 * @throws {PermanentError} TeacherInvalid, naming the teacher and what is wrong with its outputs
 */
export async function probeTeachers(
  { teachers, models }: Ensemble,
  audio: CorpusAudio,
  { views }: Pick<LogitsSettings, 'views'>,
  beforeTeacher: (name: string) => Promise<void>,
): Promise<void> {
  const chunks = firstChunks(audio);
  const probes: ChunkBatch<ChunkRow>[] = [];
  if (teachers.some(({ predicting }) => predicting !== null))
    for await (const probe of chunkBatches(audio, chunks, models, writeAsIs)) probes.push(probe);
  for (const teacher of teachers) {
    const { name, predicting, isDeclared, missing } = teacher;
    await beforeTeacher(name);
    const predictions: Prediction[] = [];
    if (predicting)
      for (const probe of probes) {
        const input = { ...inputFor(probe, predicting), masks: null };
        predictions.push(await namingTeacher(name, predicting.predict(input)));
      }
    // Of those in the store, the first view of each chunk.
    else predictions.push(await teacher.stored(chunks.map(({ row }) => row * views)));
    const fault = probeFault(predictions, audio.vocabulary.length, { missing, isDeclared });
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
  }
}

/** The first chunk of each of the first clips. */
function firstChunks({ clips }: CorpusAudio): { clip: CorpusClip; chunk: Chunk; row: number }[] {
  let row = 0;
  return clips.slice(0, PROBE_CHUNKS).flatMap((clip) => {
    const first = clip.chunks.slice(0, 1).map((chunk) => ({ clip, chunk, row }));
    row += clip.chunks.length;
    return first;
  });
}

function writeAsIs(_row: unknown, pcm: Int16Array, out: Int16Array): void {
  out.set(pcm);
}

/**
 * Single chunks of which a teacher says nothing are left out of the logits; one that says nothing
 * of all of them is none.
 */
function probeFault(
  predictions: readonly Prediction[],
  classes: number,
  { missing, isDeclared }: Pick<ShardTeacher, 'missing' | 'isDeclared'>,
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
  const fault = outputFault(values, looked.length, classes, isDeclared, missing);
  return fault ?? (usable.length > 0 ? null : (rows[0]?.fault ?? null));
}
