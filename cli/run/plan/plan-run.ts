/** What a run will need: sizes of corpus, logits and models, hours, notes and problems. */
import { budgetedEpochs, budgetedMinutes } from '../../../ced/training/budget';
import { withEpochs } from '../../../workflows/contract/budgets';
import { SPLITS } from '../../../workflows/contract/models';
import type { DistillRun, TeachRun } from '../../../workflows/contract/run-file';
import {
  maskHints,
  renamedNotes,
  warmupNotes,
  workerNotes,
} from '../../../workflows/contract/run-notes';
import { furtherRates } from '../../../workflows/contract/sample-rates';
import { vocabularyNotes, vocabularyTeacher } from '../../../workflows/contract/teacher-vocabulary';
import { estimateGroup, groupNotes, requireParts } from '../group-estimate';
import type { GroupOptions } from '../group-options';
import { declaredRates, lookAtRun } from '../look-at-run';
import { estimateSplit, estimateTraining, trainingOperations } from '../run-estimate';
import type { RunPlan } from '../run-output';
import {
  assumedCorpus,
  sampledCorpus,
  type AssumedClips,
  type CorpusOptions,
} from './planned-corpus';
import { logitsOf, outputsOf, teacherSize } from './planned-logits';

interface PlanOptions extends CorpusOptions {
  teraflops: number;
  /** Replaces the tables. */
  assumed: AssumedClips | null;
  /** null for one worker. */
  group: GroupOptions | null;
}

export async function planRun(
  run: DistillRun | TeachRun,
  root: string,
  options: PlanOptions,
): Promise<RunPlan> {
  const section = 'students' in run ? 'students' : 'teachers';
  const stated = 'students' in run ? run.students : run.teachers;
  if (options.group !== null) requireParts(section, stated, options.group.workers);
  const { chunkSeconds, augment } = 'logits' in run ? run.logits : run;
  const { vocabulary, isAssumed, sizes } = options.assumed
    ? assumedCorpus(options.assumed, options.classes, chunkSeconds)
    : await sampledCorpus(run, root, options);
  const look = options.assumed
    ? { problems: [], notes: [], sampleRates: declaredRates(run) }
    : await lookAtRun(
        run,
        { root, sources: options.sources },
        isAssumed ? null : vocabulary,
        sizes,
      );
  const rates = furtherRates(look.sampleRates);
  const splits: RunPlan['splits'] = {};
  for (const { split, clips, seconds, rejected } of sizes)
    splits[split] = {
      ...estimateSplit(clips, run.corpus.clipsPerShard, chunkSeconds, seconds, rates),
      rejectedSoFar: rejected.length,
    };
  const chunks = splits.train?.chunks ?? 0;
  const corpus = { classes: vocabulary.length, chunks, chunkSeconds };
  const become = {
    epochs: budgetedEpochs(stated, corpus),
    leastMinutes: budgetedMinutes(stated, corpus),
  };
  const budgets = withEpochs(section, stated, become, chunks);
  const settings = budgets.trainings;
  const teachers =
    'logits' in run
      ? await Promise.all(
          run.teachers.map((teacher) =>
            teacherSize(teacher, { root, sources: options.sources }, chunkSeconds),
          ),
        )
      : [];
  const logits =
    'logits' in run && 'views' in run.logits ? logitsOf(chunks, run.logits, teachers) : null;
  const outputs = 'logits' in run ? outputsOf(run, splits, vocabulary.length) : null;
  const halving = 'students' in run ? run.halving : undefined;
  const trainings = settings.map((one) => estimateTraining(one, chunks, chunkSeconds, vocabulary));
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const hoursOf = (operations: number): number => operations / (options.teraflops * 1e12) / 3600;
  const hours = {
    teraflops: options.teraflops,
    logits: logits === null ? 0 : logits.operations === null ? null : hoursOf(logits.operations),
    training: hoursOf(trainingOperations(trainings, halving)),
  };
  return {
    run: run.name,
    splits,
    logits,
    outputs,
    teachers: teachers.map(({ name, parameters }) => ({ name, parameters })),
    trainings: trainings.map((each) => ({ ...each, hours: hoursOf(each.operations) })),
    halving: halving ?? null,
    problems: look.problems,
    notes: [
      ...look.notes,
      ...(rates.length > 0 ? [`audio is kept at ${rates.join(' and ')} Hz too, for teachers`] : []),
      ...classNotes(run, vocabulary.length, isAssumed),
      ...budgets.notes,
      ...maskHints(augment.timeMask, chunkSeconds).map(({ text }) => text),
      ...renamedNotes(section, settings),
      ...workerNotes(section, settings),
      ...warmupNotes(section, settings, chunks),
      ...(options.group === null ? [] : groupNotes(section, settings, options.group.workers)),
    ],
    storeBytes:
      sum(SPLITS.map((split) => splits[split]?.audioBytes ?? 0)) +
      (logits?.bytes ?? 0) +
      (outputs?.bytes ?? 0) +
      sum(trainings.map(({ checkpointBytes }) => checkpointBytes)),
    hours,
    group: options.group && estimateGroup(settings, trainings, hours, options.group, halving),
  };
}

function classNotes(run: DistillRun | TeachRun, classes: number, isAssumed: boolean): string[] {
  if (!('students' in run)) return [];
  if (!isAssumed) return vocabularyNotes(run, classes);
  return [
    `corpus.vocabulary: only the worker of teacher ${vocabularyTeacher(run.corpus.vocabulary)} ` +
      `knows its classes: ${classes} are assumed (--classes), and neither labels nor models are ` +
      'compared with them',
  ];
}
