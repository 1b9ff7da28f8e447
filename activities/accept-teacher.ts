/**
 * Checks what a teacher's worker says of it before anything is spent on the run: classes, longest
 * input, masks. Stores that as a model of the store, and the probe clips for it.
 */

import { sampleRate as ourRate } from '../ced/audio/mono16k';
import { abstentionNote, classMap, missingClasses } from '../ced/teachers/class-map';
import { probeClips } from '../ced/teachers/probe-clips';
import { teacherKey } from '../ced/teachers/teacher-key';
import { TeacherInvalid } from '../ced/teachers/teacher-invalid';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import { encodeTeacherRows } from '../ced/teachers/teacher-rows';
import { PermanentError } from '../workflows/contract/failures';
import type { WorkerTeacher } from '../workflows/contract/run-file-sections';
import { schemaProblems } from '../workflows/contract/schema-problems';
import {
  TEACHER_CONTRACT,
  teacherDescriptionSchema,
  type AcceptedTeacher,
  type AcceptTeacherInput,
  type PredictShardInput,
  type TeacherDescription,
} from '../workflows/contract/teacher-worker';
import { layout } from '../storage/layout';
import { storeWorkerTeacher } from '../storage/models/worker-folder';
import { createAnew } from '../storage/quarantine';
import { sha256, type Store } from '../storage/store';
import type { ActivityDependencies } from './dependencies';
import { readClassList } from './plan/read-class-list';
import { readVocabulary } from './plan/read-vocabulary';

/** @throws {PermanentError} RunFileInvalid, TeacherInvalid or ContractUnknown, naming the field */
export async function acceptTeacher(
  deps: ActivityDependencies,
  input: AcceptTeacherInput,
): Promise<AcceptedTeacher> {
  const { field, teacher } = input;
  const store = deps.openStore(input.store);
  const description = readDescription(input);
  const classes = await readClasses(store, field, description);
  const { sampleRate, longestSeconds, masks, parameters } = description;
  if (longestSeconds !== null && longestSeconds < input.chunkSeconds)
    throw invalid(
      field,
      `it takes at most ${longestSeconds} s, set chunkSeconds to that or less ` +
        `instead of ${input.chunkSeconds}`,
    );
  if (input.masked && !masks && teacher.spectrogramMasks !== 'skip')
    throw new PermanentError(
      'RunFileInvalid',
      `${field}.spectrogramMasks: masks cannot reach teacher ${teacher.name}, which applies ` +
        "none; expected 'skip', or logits.augment.timeMask.maxFrames and freqMask.maxBins of 0",
    );
  const vocabulary = await readVocabulary(deps, input.vocabulary, store);
  const map = mapClasses(field, teacher, classes, vocabulary);
  const missing = missingClasses(map).length;
  const note = abstentionNote(map, vocabulary);
  const name = await storeWorkerTeacher(store, description, classes);
  return {
    member: {
      name: teacher.name,
      sha256: name,
      parameters,
      weight: teacher.weight,
      ...(missing === 0 ? {} : { missing }),
      ...(sampleRate === ourRate ? {} : { sampleRate }),
    },
    probe: await writeProbe(store, description, input),
    ...(note === null ? {} : { notes: [`${field}: ${note}`] }),
  };
}

/** @throws {PermanentError} TeacherInvalid or ContractUnknown */
export function readDescription({
  field,
  teacher,
  description,
}: Pick<AcceptTeacherInput, 'field' | 'description'> & {
  teacher: Pick<WorkerTeacher, 'taskQueue'>;
}): TeacherDescription {
  const { contract } = (description ?? {}) as { contract?: unknown };
  if (typeof contract === 'number' && contract !== TEACHER_CONTRACT)
    throw new PermanentError(
      'ContractUnknown',
      `${field}: the worker on ${teacher.taskQueue} speaks contract ${contract}, this version ` +
        `speaks ${TEACHER_CONTRACT}`,
    );
  const parsed = teacherDescriptionSchema.safeParse(description);
  if (parsed.success) return parsed.data;
  const [problem = ''] = schemaProblems(parsed.error, '(answer)');
  throw invalid(field, `describeTeacher on ${teacher.taskQueue} answered ${problem}`);
}

/** @throws {PermanentError} TeacherInvalid when the stored list is not as described */
export async function readClasses(
  store: Store,
  field: string,
  { classes: { key, sha256: expected, count } }: TeacherDescription,
): Promise<Vocabulary> {
  if (key !== layout.teacherClasses(expected))
    throw invalid(
      field,
      `its class list is at ${key}, expected ${layout.teacherClasses(expected)}`,
    );
  const found = await readClassList(store, expected);
  if (typeof found === 'string') throw invalid(field, found);
  if (found.length !== count)
    throw invalid(field, `${key} has ${found.length} classes, it says ${count}`);
  return found;
}

function mapClasses(
  field: string,
  { name, missing }: WorkerTeacher,
  own: Vocabulary,
  vocabulary: Vocabulary,
): Int32Array {
  try {
    return classMap(own, vocabulary, missing, `teacher ${name}`);
  } catch (error) {
    if (!(error instanceof TeacherInvalid)) throw error;
    throw invalid(field, error.message);
  }
}

/** @returns what its worker is asked, under the id of this run */
async function writeProbe(
  store: Store,
  description: TeacherDescription,
  input: AcceptTeacherInput,
): Promise<PredictShardInput> {
  const { version, weightsSha256, sampleRate, longestSeconds } = description;
  const { audio, clips, views } = probeClips(sampleRate, longestSeconds);
  const { bytes: rows, rows: count } = encodeTeacherRows(clips, views, sampleRate);
  const audioSha256 = sha256(audio);
  const at = {
    audio: layout.probe(audioSha256, 'npy'),
    rows: layout.probe(audioSha256, 'rows.npy'),
  };
  await createAnew(store, at.audio, audio);
  await createAnew(store, at.rows, rows);
  const key = teacherKey(description);
  return {
    contract: TEACHER_CONTRACT,
    store: input.store,
    version,
    weightsSha256,
    audio: { key: at.audio, sha256: audioSha256, sampleRate },
    rows: { key: at.rows, sha256: sha256(rows), count },
    output: {
      data: layout.probeOutputs(key, input.workflowRunId, 'npy'),
      manifest: layout.probeOutputs(key, input.workflowRunId, 'json'),
    },
  };
}

function invalid(field: string, why: string): PermanentError {
  return new PermanentError('TeacherInvalid', `${field}: ${why}`);
}
