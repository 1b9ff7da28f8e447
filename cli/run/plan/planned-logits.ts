/** Sizes of the teachers, and of what they predict: logits, and outputs that are kept. */
import { readModelFile, type InputPlace } from '../../../activities/plan/read-input';
import { modelConfigSchema } from '../../../ced/model/config';
import { forwardOperations } from '../../../ced/model/operations';
import { parameterCount } from '../../../ced/model/parameters';
import type { Split } from '../../../workflows/contract/models';
import type { DistillRun } from '../../../workflows/contract/run-file';
import { logitBytes, outputBytes } from '../run-estimate';
import type { RunPlan } from '../run-output';

/** null where only the teacher's worker, or its checkpoint elsewhere, says it. */
export interface TeacherSize {
  name: string;
  parameters: number | null;
  /** Of one prediction. */
  operations: number | null;
}

export function logitsOf(
  chunks: number,
  { views, topK }: { views: number; topK: number },
  teachers: readonly Pick<TeacherSize, 'operations'>[],
): RunPlan['logits'] {
  const rows = chunks * views;
  const operations = teachers.reduce<number | null>(
    (sum, teacher) =>
      sum === null || teacher.operations === null ? null : sum + teacher.operations,
    0,
  );
  return {
    rows,
    bytes: logitBytes(rows, topK),
    operations: operations === null ? null : operations * rows,
  };
}

/** A teacher with more classes than the run takes more: only its worker knows how many. */
export function outputsOf(
  { teachers, logits }: DistillRun,
  splits: RunPlan['splits'],
  classes: number,
): RunPlan['outputs'] {
  const workers = teachers.filter(({ format }) => format === 'worker').length;
  const chunksOf = (split: Split): number => splits[split]?.chunks ?? 0;
  const scored = workers * (chunksOf('validation') + chunksOf('eval'));
  const isPublished = 'published' in logits;
  const kept = isPublished ? 0 : logits.keepOutputs === true ? teachers.length : workers;
  const rows = isPublished ? 0 : chunksOf('train') * logits.views;
  if (kept === 0 && workers === 0) return null;
  return {
    teachers: Math.max(kept, workers),
    bytes: outputBytes(kept * rows + scored, classes),
  };
}

export async function teacherSize(
  teacher: DistillRun['teachers'][number],
  input: InputPlace,
  chunkSeconds: number,
): Promise<TeacherSize> {
  const { name } = teacher;
  if (teacher.format !== 'ced') return { name, parameters: null, operations: null };
  const { checkpoint } = teacher;
  const text = await readModelFile(
    input,
    'teachers',
    checkpoint,
    'a checkpoint',
    'config.json',
  ).catch(() => null);
  // A plan can be made before the teachers are there.
  if (text === null) return { name, parameters: null, operations: null };
  const config = modelConfigSchema.parse(JSON.parse(text.toString('utf8')));
  return {
    name,
    parameters: parameterCount(config),
    operations: forwardOperations(config, chunkSeconds),
  };
}
