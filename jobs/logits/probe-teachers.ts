/**
 * The last check before hours are spent: each teacher predicts a few chunks as they are, whether or
 * not there is a split to score it on.
 */
import { knownColumns } from '../../ced/teachers/known-columns';
import { outputFault } from '../../ced/teachers/output-fault';
import { PermanentError } from '../../workflows/contract/failures';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { PredictionInput } from '../../ced/model/prediction-input';
import { chunkBatches } from '../chunk-batches';
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
  const probes: PredictionInput[] = [];
  for await (const { input } of chunkBatches(audio, rows, models, (_row, pcm, out) => out.set(pcm)))
    probes.push({ ...input, masks: null });
  for (const { name, model } of teachers) {
    await beforeTeacher(name);
    const outputs: number[] = [];
    for (const probe of probes)
      outputs.push(...(await namingTeacher(name, model.probabilities(probe))));
    const classes = audio.vocabulary.length;
    const fault = outputFault(
      knownColumns(Float32Array.from(outputs), classes, model.missing),
      rows.length,
      classes - model.missing.length,
      model.frontEnd === 'waveform',
    );
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
  }
}
