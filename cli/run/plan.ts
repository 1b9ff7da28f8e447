/** `ced plan RUN.json`: estimates what a run will need. */
import { resolve } from 'node:path';
import { readVocabulary } from '../../activities/plan/read-vocabulary';
import { readModelFile, type InputPlace } from '../../activities/plan/read-input';
import type { SourceOptions } from '../../storage/sources/source';
import { SPLITS, type Split } from '../../workflows/contract/models';
import { modelConfigSchema } from '../../ced/model/config';
import { forwardOperations } from '../../ced/model/operations';
import { budgetedEpochs } from '../../ced/training/budget';
import { parameterCount } from '../../ced/model/parameters';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import {
  isVocabularyOfWorker,
  vocabularyNotes,
  vocabularyTeacher,
  withClassList,
} from '../../workflows/contract/teacher-vocabulary';
import {
  maskHints,
  renamedNotes,
  warmupNotes,
  workerNotes,
} from '../../workflows/contract/run-notes';
import { withEpochs } from '../../workflows/contract/budgets';
import { survivorCount, type Halving } from '../../workflows/contract/halving';
import { furtherRates } from '../../workflows/contract/sample-rates';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';
import { commandLine } from '../../infra/command-line/command-line';
import { amount, count, oneOf, text, textOf } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { sourceOptions, sourcesOf } from '../../workers/source-options';
import { counted } from '../../ced/counted';
import type { Command } from '../command';
import { surveyCorpus, type SplitSurvey } from '../corpus/corpus-survey';
import { printJson } from '../print-json';
import { bytes, duration, millions } from '../quantities';
import {
  estimateSplit,
  estimateTraining,
  logitBytes,
  outputBytes,
  trainingOperations,
} from './run-estimate';
import { describeGroup, estimateGroup, groupNotes, requireParts } from './group-estimate';
import { groupOf, groupOptions, type GroupOptions } from './group-options';
import { declaredRates, lookAtRun } from './look-at-run';
import { readRunFile, tablesOf } from './run-file';
import type { RunPlan } from './run-output';

const line = commandLine({
  program: 'ced plan',
  usage: 'RUN.json [options]',
  about: [
    'A dry run: checks the run file and its tables, looks up every clip, decodes a sample to ' +
      'estimate their length, and prints shards, rows, bytes of audio, logits and checkpoints, ' +
      'training steps and the time of computing. It writes nothing and needs no server. The time ' +
      'is arithmetic, not a measurement: operations over --tflops. Exit status 1 when the run ' +
      'would be refused.',
  ],
  operands: { rows: { 'RUN.json': 'run file' }, expected: 'one run file', least: 1, most: 1 },
  options: {
    type: {
      value: 'TYPE',
      is: oneOf('distill', 'teach'),
      default: 'distill',
      help: 'workflow that the run file is for',
    },
    root: {
      value: 'DIR',
      is: text,
      default: '.',
      shown: 'the current folder',
      help: 'where relative paths start',
    },
    sample: { value: 'N', is: count, default: 32, help: 'clips of each split to decode' },
    tflops: {
      value: 'N',
      is: amount,
      default: 20,
      help: 'operations that the machine sustains, in 10^12 a second; two CPU cores: about 0.15',
    },
    clips: {
      value: 'SPLIT=N',
      is: textOf('train=N, validation=N or eval=N'),
      multiple: true,
      help:
        'assume N clips of one chunk each instead of reading the tables, which need not exist; ' +
        'give it once for each split',
    },
    classes: {
      value: 'N',
      is: count,
      default: 527,
      help:
        "with --clips, or where only a teacher's worker knows the classes: how many; 527 are " +
        "AudioSet's",
    },
    ...groupOptions,
    ...sourceOptions,
    json: { help: 'print one JSON object' },
  },
  examples: [
    'ced plan examples/instruments/distill.json --tflops 0.15',
    'ced plan examples/audioset-2m.json --clips train=1912134 --clips eval=18886',
    'ced plan examples/audioset-2m.json --clips train=1912134 --workers 8 --link 25Gb/s --price 2',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const run = readRunFile(operands[0]!, values.type);
      const plan = await planRun(run, resolve(values.root), {
        teraflops: values.tflops,
        sample: values.sample,
        assumed: values.clips.length === 0 ? null : assumedClips(values.clips),
        classes: values.classes,
        sources: sourcesOf(values, process.env),
        group: groupOf(values),
      });
      if (values.json) printJson({ formatVersion: 1, ...plan });
      else process.stdout.write(describe(plan));
      return plan.problems.length === 0 ? 0 : 1;
    }),
};

interface PlanOptions {
  teraflops: number;
  sample: number;
  /** Clips of each split; replaces the tables. */
  assumed: Partial<Record<Split, number>> | null;
  /** Where they are assumed. */
  classes: number;
  sources: SourceOptions;
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
  const budgets = withEpochs(section, stated, budgetedEpochs(stated, corpus), chunks);
  const settings = budgets.trainings;
  const teachers =
    'logits' in run
      ? await Promise.all(
          run.teachers.map((teacher) =>
            sizeOf(teacher, { root, sources: options.sources }, chunkSeconds),
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

type PlannedSize = Pick<
  SplitSurvey,
  'split' | 'clips' | 'seconds' | 'rejected' | 'labelled' | 'classes' | 'notes'
>;

function classNotes(run: DistillRun | TeachRun, classes: number, isAssumed: boolean): string[] {
  if (!('students' in run)) return [];
  if (!isAssumed) return vocabularyNotes(run, classes);
  return [
    `corpus.vocabulary: only the worker of teacher ${vocabularyTeacher(run.corpus.vocabulary)} ` +
      `knows its classes: ${classes} are assumed (--classes), and neither labels nor models are ` +
      'compared with them',
  ];
}

interface PlannedCorpus {
  vocabulary: Vocabulary;
  /** Whether only the worker of a teacher knows the classes: then `vocabulary` is assumed. */
  isAssumed: boolean;
  sizes: PlannedSize[];
}

async function sampledCorpus(
  run: DistillRun | TeachRun,
  root: string,
  { sample, sources, classes }: PlanOptions,
): Promise<PlannedCorpus> {
  const { corpus } = 'students' in run ? withClassList(run) : run;
  const isAssumed = 'students' in run && isVocabularyOfWorker(run);
  const vocabulary = isAssumed
    ? null
    : await readVocabulary({ root, sources }, corpus.vocabulary, null);
  const { audioRoot, channels } = run.corpus;
  const place = {
    ...(audioRoot === undefined ? {} : { audioRoot }),
    ...(channels === undefined ? {} : { channels }),
  };
  const ignoreTrainLabels = 'logits' in run;
  const options = { root, sources, vocabulary, sample, ignoreTrainLabels, ...place };
  const { splits } = await surveyCorpus(tablesOf(run), options);
  return { vocabulary: vocabulary ?? assumedClasses(classes), isAssumed, sizes: splits };
}

function assumedClasses(classes: number): Vocabulary {
  return Array.from({ length: classes }, (_, index) => ({ mid: '', name: `class ${index}` }));
}

function assumedCorpus(
  clips: NonNullable<PlanOptions['assumed']>,
  classes: number,
  chunkSeconds: number,
): PlannedCorpus {
  return {
    vocabulary: assumedClasses(classes),
    isAssumed: false,
    sizes: SPLITS.flatMap((split) =>
      clips[split]
        ? {
            ...{ split, clips: clips[split], seconds: [chunkSeconds], rejected: [] },
            ...{ labelled: clips[split], classes: [], notes: [] },
          }
        : [],
    ),
  };
}

function assumedClips(given: readonly string[]): Partial<Record<Split, number>> {
  const clips: Partial<Record<Split, number>> = {};
  for (const one of given) {
    const [, split, digits] = /^(train|validation|eval)=(\d+)$/.exec(one) ?? [];
    if (split === undefined)
      throw new UsageError(`--clips ${one}: expected train=N, validation=N or eval=N`);
    clips[split as Split] = clipCount(one, digits ?? '');
  }
  if (clips.train === undefined) throw new UsageError('--clips: expected train=N among them');
  return clips;
}

function clipCount(given: string, digits: string): number {
  const clips = count.parse(digits);
  if (clips === undefined) throw new UsageError(`--clips ${given}: expected a count above 0`);
  return clips;
}

function logitsOf(
  chunks: number,
  { views, topK }: { views: number; topK: number },
  teachers: readonly { operations: number | null }[],
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
function outputsOf(
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

async function sizeOf(
  teacher: DistillRun['teachers'][number],
  input: InputPlace,
  chunkSeconds: number,
): Promise<{ name: string; parameters: number | null; operations: number | null }> {
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

function describe({
  run,
  splits,
  logits,
  outputs,
  teachers,
  trainings,
  halving,
  problems,
  notes,
  storeBytes,
  hours,
  group,
}: RunPlan): string {
  const time = (count: number): string => duration(3600 * count);
  const lines = [`run ${run}`];
  for (const split of SPLITS) {
    const found = splits[split];
    if (!found) continue;
    const rejected =
      found.rejectedSoFar === 0
        ? ''
        : ', ' +
          counted(found.rejectedSoFar, 'row or sampled clip', 'rows or sampled clips') +
          ' rejected';
    const { clips, shards, chunks, audioBytes } = found;
    const counts = [
      counted(clips, 'clip', 'clips'),
      counted(shards, 'shard', 'shards'),
      counted(chunks, 'chunk', 'chunks'),
    ].join(', ');
    lines.push(`  ${split.padEnd(11)} ${counts}, ${bytes(audioBytes)} of audio${rejected}`);
  }
  const sizes = teachers.map(
    ({ name, parameters }) =>
      `${name} (${parameters === null ? 'size not known here' : millions(parameters)})`,
  );
  if (sizes.length > 0) lines.push(`  teachers    ${sizes.join(', ')}`);
  if (logits) {
    const known = hours.logits === null ? 'time unknown' : time(hours.logits);
    lines.push(
      `  logits      ${counted(logits.rows, 'row', 'rows')}, ${bytes(logits.bytes)}, ${known}`,
    );
  }
  if (outputs)
    lines.push(
      `  outputs     ${bytes(outputs.bytes)} of ` +
        counted(outputs.teachers, 'teacher', 'teachers'),
    );
  const width = Math.max(11, ...trainings.map(({ name }) => name.length));
  for (const { name, parameters, steps, checkpointBytes, hours: own } of trainings) {
    const size = `${millions(parameters)} parameters (${bytes(4 * parameters)})`;
    const work = `${counted(steps, 'step', 'steps')}, ${time(own)}`;
    const kept = `${bytes(checkpointBytes)} of checkpoints at most`;
    lines.push(`  ${name.padEnd(width)} ${size}, ${work}, ${kept}`);
  }
  if (halving) lines.push(`  halving     ${halvingText(halving, trainings.length)}`);
  lines.push(
    `  training    ${halving ? 'at most ' : ''}${time(hours.training)}`,
    `  store       ${bytes(storeBytes)}`,
    ...notes.map((note) => `  note        ${note}`),
    ...problems.map((problem) => `  refused     ${problem}`),
    `Times at ${hours.teraflops} TFLOP/s sustained (--tflops).`,
    ...(group === null ? [] : describeGroup(group)),
    '',
  );
  return lines.join('\n');
}

/** `6 students, 2 after epoch 4, 1 after epoch 12` */
function halvingText({ rungs, eta }: Halving, students: number): string {
  let left = students;
  const then = rungs.map((rung) => {
    left = survivorCount(left, eta);
    return `${left} after epoch ${rung}`;
  });
  return [`${students} students`, ...then].join(', ');
}
