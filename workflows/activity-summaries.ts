/**
 * A sentence for each activity. Temporal's web interface shows it in place of the activity's name.
 */
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type { CpuActivities, GpuActivities } from './contract/activities';
import { counted } from './contract/counted';
import type { TeacherActivities } from './contract/teacher-worker';

type Summaries<A> = {
  [K in keyof A]: A[K] extends (input: infer I) => unknown ? (input: I) => string : never;
};

export const CPU_SUMMARIES: Summaries<CpuActivities> = {
  planCorpus: ({ corpus }) => `Plan the shards of ${corpus.train}`,
  importModels: ({ teachers, inits }) =>
    `Import ${counted(teachers.length, 'teacher')}` +
    (inits.length > 0 ? ' and the checkpoints that models start from' : ''),
  acceptTeacher: ({ teacher }) => `Check what ${teacher.name} says of itself`,
  checkProbe: ({ teacher }) => `Compare what ${teacher.name} says of the probe clips`,
  requireClasses: ({ ensemble }) =>
    `Look for classes that none of ${counted(ensemble.length, 'teacher')} knows`,
  ingestShard: ({ split, shard }) => `Decode ${split} shard ${shard}`,
  sealCorpus: () => 'Count the corpus and write its manifest',
  writeRows: ({ split, shard }) => `Write the views of ${split} shard ${shard} for workers`,
  scoreOutputs: ({ model, split }) => `Score the outputs of ${model.name} on ${split}`,
  writeLogits: ({ shard }) => `Write the logits of shard ${shard}`,
  importPublishedLogits: ({ published }) => `Import the logits published in ${published}`,
  fitEnsemble: ({ ensemble, search }) =>
    `Fit the weights of ${counted(ensemble.length, 'teacher')} to validation (${search})`,
  compareWithLabels: ({ ensemble }) =>
    `Compare ${counted(ensemble.length, 'teacher')} with what labels alone give`,
  findJudgement: ({ run }) => `Look for an earlier evaluation of the same by ${run}`,
  findChampion: ({ champion }) => `Find the champion in ${champion}`,
  promoteChallenger: ({ challenger, minGain }) =>
    `Promote ${challenger.name} if it gains ${minGain}`,
  publishRun: ({ run }) => `Write the result and report of ${run}`,
};

export const GPU_SUMMARIES: Summaries<GpuActivities> = {
  scoreModel: ({ model, split }) => `Score ${model.name} on ${split}`,
  compareModels: ({ champion, challenger }) =>
    champion
      ? `Compare ${challenger.name} with ${champion.name} on eval`
      : `Score ${challenger.name} on eval`,
  tryTeachers: ({ teachers }) => `Try ${teachers.map(({ name }) => name).join(' and ')}`,
  computeLogits: ({ ensemble, shard, settings }) =>
    `Predict ${counted(settings.views, 'view')} of shard ${shard} ` +
    `with ${counted(ensemble.length, 'teacher')}`,
  trainModel: ({ settings, targets }) =>
    `Train ${settings.name} from ${targets.kind === 'labels' ? 'labels' : 'stored logits'}`,
  joinTraining: ({ settings }) => `Take part in training ${settings.name}`,
};

export const TEACHER_SUMMARIES: Summaries<TeacherActivities> = {
  describeTeacher: () => 'Say what the teacher is',
  predictShard: ({ rows }) => `Predict ${counted(rows.count, 'row')}`,
};

/** The same activities; each call carries its summary. */
export function summarised<A extends object>(
  activities: ActivityInterfaceFor<A>,
  summaries: Summaries<A>,
): A {
  type Call = {
    executeWithOptions: (options: { summary: string }, args: [unknown]) => Promise<unknown>;
  };
  const calls = activities as unknown as Record<string, Call>;
  const entries = Object.entries(summaries as Record<string, (input: unknown) => string>).map(
    ([name, summary]) => [
      name,
      (input: unknown) => calls[name]?.executeWithOptions({ summary: summary(input) }, [input]),
    ],
  );
  return Object.fromEntries(entries) as A;
}
