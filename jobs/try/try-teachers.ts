/**
 * Tries SavedModels before anything is spent on a run, as ONNX files are when they are imported:
 * TensorFlow is at hand in the engine's process alone.
 */
import { TeacherInvalid } from '../../ced/teachers/teacher-invalid';
import {
  probeNet,
  shortestOf,
  unknownRateNote,
  type ProbedTeacher,
} from '../../ced/teachers/waveform-probe';
import { loadWaveformNet, readWaveformManifest } from '../../storage/models/waveform-folder';
import type { TriedTeachers, TryTeachersInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { beginPhase, type JobContext } from '../job-context';

type Tried = TryTeachersInput['teachers'][number];

/** @throws {PermanentError} TeacherInvalid naming the field of a teacher that cannot be used */
export async function tryTeachersJob(
  context: JobContext,
  { teachers, chunkSeconds }: TryTeachersInput,
): Promise<TriedTeachers> {
  const notes: string[] = [];
  for (const teacher of teachers) {
    await beginPhase(context, `trying ${teacher.name}`);
    const told = await tried(context, teacher, chunkSeconds).catch((error: unknown) => {
      if (!(error instanceof TeacherInvalid)) throw error;
      const message = `${teacher.field}.checkpoint: ${error.message}`;
      throw new PermanentError('TeacherInvalid', message, { cause: error });
    });
    notes.push(...told.map((note) => `${teacher.field}: ${note}`));
  }
  return { notes };
}

async function tried(
  { store, engine }: JobContext,
  { sha256, isRateKnown }: Tried,
  chunkSeconds: number,
): Promise<string[]> {
  const manifest = await readWaveformManifest(store, sha256);
  if (!manifest) throw new Error(`${store.uri} has no model ${sha256} with a manifest`);
  const teacher: ProbedTeacher = {
    ...{ ...manifest, classes: manifest.vocabulary.length, chunkSeconds },
  };
  const net = await loadWaveformNet(store, engine, sha256, manifest);
  try {
    const { samples, notes } = await probeNet(net, teacher);
    if (!isRateKnown) notes.push(await unknownRateNote(net, teacher));
    if (samples !== null || manifest.windowSeconds !== undefined) return notes;
    const shortest = await shortestOf(net, teacher);
    // Its name in the store is decided before it is tried, so that it is not padded by itself.
    if (shortest !== null)
      notes.push(
        `it says nothing of clips shorter than ${shortest} s: say "windowSeconds": ${shortest} ` +
          'to have them padded',
      );
    return notes;
  } finally {
    net.dispose();
  }
}
