/**
 * The last check before hours are spent: each teacher predicts a few chunks as they are, whether or
 * not there is a split to score it on.
 */
import { outputFault } from '../../ced/teachers/output-fault';
import { PermanentError } from '../../workflows/contract/failures';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { LengthBatches } from '../../ced/corpus/length-batches';
import type { MappedModel } from '../mapped-model';
import { namingTeacher } from '../teacher-fault';
import type { EnsembleMember } from '../../workflows/contract/models';

const PROBE_CHUNKS = 8;

/**
 * @param beforeTeacher awaited before each teacher's first prediction, which is traced
 * @throws {PermanentError} TeacherInvalid, naming the teacher and what is wrong with its outputs
 */
export async function probeTeachers(
  ensemble: readonly EnsembleMember[],
  teachers: readonly MappedModel[],
  audio: CorpusAudio,
  beforeTeacher: () => Promise<void>,
): Promise<void> {
  const batches = new LengthBatches<null>(PROBE_CHUNKS);
  const chunks = audio.clips
    .flatMap((clip) => clip.chunks.slice(0, 1).map((chunk) => ({ clip, chunk })))
    .slice(0, PROBE_CHUNKS);
  await audio.ready(chunks.map(({ clip }) => clip));
  const full = chunks.map(({ clip, chunk }) =>
    batches.add(chunk.length, null, (out, at) => audio.read(clip, chunk, out, at)),
  );
  const probes = [...full.filter((batch) => batch !== null), ...batches.rest()];
  const classes = audio.vocabulary.length;
  for (const [index, { name }] of ensemble.entries()) {
    await beforeTeacher();
    const teacher = teachers[index]!;
    const outputs: number[] = [];
    for (const { pcm, rows, samples } of probes) {
      const probabilities = await namingTeacher(
        name,
        teacher.probabilities({ pcm, batch: rows, samples, masks: null }),
      );
      outputs.push(...probabilities);
    }
    const fault = outputFault(
      Float32Array.from(outputs),
      chunks.length,
      classes,
      teacher.frontEnd === 'waveform',
    );
    if (fault) throw new PermanentError('TeacherInvalid', `${name}: ${fault}`);
  }
}
