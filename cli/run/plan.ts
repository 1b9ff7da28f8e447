/** `ced plan RUN.json`: what a run will need, before anything is spent. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readVocabulary } from '../../activities/plan-corpus';
import { readModelFile, type InputPlace } from '../../activities/plan/read-input';
import type { SourceOptions } from '../../storage/sources/source';
import { SPLITS, type Split } from '../../storage/layout';
import { modelConfigSchema } from '../../ced/model/config';
import { parameterCount } from '../../ced/model/parameters';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { DistillRun, TeachRun } from '../../workflows/contract/run-file';
import type { Command } from '../command';
import { surveyCorpus, type SplitSurvey } from '../corpus/corpus-survey';
import { UsageError } from '../failure';
import { bytes, grouped, millions } from '../quantities';
import {
  estimateSplit,
  estimateTraining,
  forwardOperations,
  logitBytes,
  type SplitEstimate,
  type TrainingEstimate,
} from './run-estimate';
import { readRunFile } from './run-file';
import { SOURCE_HELP, sourceOptions, sourcesOf } from '../corpus/source-options';

const help = `ced plan RUN.json [options]

A dry run: checks the run file and its tables, looks every clip up, listens to a few to learn how long they are, and prints shards, rows, bytes of audio,
logits and checkpoints, training steps and hours of computing. Nothing is written, no server is needed. Hours are arithmetic, not a measurement:
operations over --tflops.

  --type TYPE             distill or teach (default distill)
  --root DIR              where relative paths start (default: current folder)
  --sample N              clips of each split to listen to (default 32)
  --tflops N              operations that the machine sustains, in 10^12 a second (default 20; two CPU cores: about 0.15)
  --clips SPLIT=N         assume N clips of one chunk each instead of reading the tables; once for each split. Nothing needs to be there yet
  --classes N             with --clips: classes of the vocabulary (default 527, AudioSet's)
${SOURCE_HELP}
  --json                  print one JSON object
  --help                  this text`;

const options = {
  type: { type: 'string' },
  root: { type: 'string' },
  sample: { type: 'string' },
  tflops: { type: 'string' },
  clips: { type: 'string', multiple: true },
  classes: { type: 'string' },
  ...sourceOptions,
  json: { type: 'boolean' },
} as const;

interface RunPlan {
  run: string;
  splits: Partial<
    Record<'train' | 'validation' | 'eval', SplitEstimate & { rejectedSoFar: number }>
  >;
  logits: { rows: number; bytes: number; operations: number | null } | null;
  /** null parameters: its checkpoint says nothing about its size. */
  teachers: { name: string; parameters: number | null }[];
  trainings: TrainingEstimate[];
  storeBytes: number;
  hours: { teraflops: number; logits: number | null; training: number };
}

export const command: Command = {
  summary: 'print what a run will need: shards, rows, bytes, hours',
  help,
  async run(argv) {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [path, ...rest] = positionals;
    if (path === undefined || rest.length > 0)
      throw new UsageError('ced plan: expected one run file; see ced plan --help');
    const type = values.type ?? 'distill';
    if (type !== 'distill' && type !== 'teach')
      throw new UsageError(`--type ${type}: expected distill or teach`);
    const teraflops = positive('--tflops', values.tflops ?? '20');
    const sample = positive('--sample', values.sample ?? '32');
    const root = resolve(values.root ?? '.');
    const plan = await planRun(readRunFile(path, type), root, {
      teraflops,
      sample,
      assumed: values.clips
        ? {
            clips: assumedClips(values.clips),
            classes: positive('--classes', values.classes ?? '527'),
          }
        : null,
      sources: sourcesOf(values),
    });
    process.stdout.write(values.json ? `${JSON.stringify(plan, null, 2)}\n` : describe(plan));
    return 0;
  },
};

interface PlanOptions {
  teraflops: number;
  sample: number;
  /** Instead of what the tables hold. */
  assumed: { clips: Partial<Record<Split, number>>; classes: number } | null;
  sources: SourceOptions;
}

async function planRun(
  run: DistillRun | TeachRun,
  root: string,
  options: PlanOptions,
): Promise<RunPlan> {
  const chunkSeconds = 'logits' in run ? run.logits.chunkSeconds : run.chunkSeconds;
  const { vocabulary, sizes } = options.assumed
    ? assumedCorpus(options.assumed, chunkSeconds)
    : await readCorpus(run, root, options);
  const splits: RunPlan['splits'] = {};
  for (const { split, clips, seconds, rejected } of sizes)
    splits[split] = {
      ...estimateSplit(clips, run.corpus.clipsPerShard, chunkSeconds, seconds),
      rejectedSoFar: rejected.length,
    };
  const chunks = splits.train?.chunks ?? 0;
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
  const settings = 'students' in run ? run.students : run.teachers;
  const trainings = settings.map((one) => estimateTraining(one, chunks, chunkSeconds, vocabulary));
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const hours = (operations: number): number => operations / (options.teraflops * 1e12) / 3600;
  return {
    run: run.name,
    splits,
    logits,
    teachers: teachers.map(({ name, parameters }) => ({ name, parameters })),
    trainings,
    storeBytes:
      sum(SPLITS.map((split) => splits[split]?.audioBytes ?? 0)) +
      (logits?.bytes ?? 0) +
      sum(trainings.map(({ checkpointBytes }) => checkpointBytes)),
    hours: {
      teraflops: options.teraflops,
      logits: logits === null ? 0 : logits.operations === null ? null : hours(logits.operations),
      training: hours(sum(trainings.map(({ operations }) => operations))),
    },
  };
}

interface PlannedCorpus {
  vocabulary: Vocabulary;
  sizes: Pick<SplitSurvey, 'split' | 'clips' | 'seconds' | 'rejected'>[];
}

async function readCorpus(
  run: DistillRun | TeachRun,
  root: string,
  { sample, sources }: PlanOptions,
): Promise<PlannedCorpus> {
  const { train, validation, eval: evaluation } = run.corpus;
  const vocabulary = await readVocabulary({ root, sources }, run.corpus.vocabulary);
  const tables = {
    train,
    ...(validation ? { validation } : {}),
    ...(evaluation ? { eval: evaluation } : {}),
  };
  const { splits } = await surveyCorpus(tables, { root, sources, vocabulary, sample });
  return { vocabulary, sizes: splits };
}

function assumedCorpus(
  { clips, classes }: NonNullable<PlanOptions['assumed']>,
  chunkSeconds: number,
): PlannedCorpus {
  return {
    vocabulary: Array.from({ length: classes }, (_, index) => ({
      mid: '',
      name: `class ${index}`,
    })),
    sizes: SPLITS.flatMap((split) =>
      clips[split] ? { split, clips: clips[split], seconds: [chunkSeconds], rejected: [] } : [],
    ),
  };
}

function assumedClips(given: readonly string[]): Partial<Record<Split, number>> {
  const clips: Partial<Record<Split, number>> = {};
  for (const one of given) {
    const [, split, count] = /^(train|validation|eval)=(\d+)$/.exec(one) ?? [];
    if (split === undefined)
      throw new UsageError(`--clips ${one}: expected train=N, validation=N or eval=N`);
    clips[split as Split] = positive('--clips', count ?? '');
  }
  if (clips.train === undefined) throw new UsageError('--clips: expected train=N among them');
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

async function sizeOf(
  teacher: DistillRun['teachers'][number],
  input: InputPlace,
  chunkSeconds: number,
): Promise<{ name: string; parameters: number | null; operations: number | null }> {
  const { name, checkpoint, format } = teacher;
  if (format !== 'ced') return { name, parameters: null, operations: null };
  const text = await readModelFile(
    input,
    'teachers',
    checkpoint,
    'a checkpoint',
    'config.json',
  ).catch(() => null);
  // A plan is made before teachers are fetched, too.
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
  teachers,
  trainings,
  storeBytes,
  hours,
}: RunPlan): string {
  const hour = (count: number): string =>
    `${count >= 10 ? grouped(count) : count.toPrecision(2)} h`;
  const lines = [`run ${run}`];
  for (const split of SPLITS) {
    const found = splits[split];
    if (!found) continue;
    const rejected =
      found.rejectedSoFar === 0
        ? ''
        : `, ${grouped(found.rejectedSoFar)} rows or sampled clips rejected`;
    lines.push(
      `  ${split.padEnd(11)} ${grouped(found.clips)} clips, ${grouped(found.shards)} shards, ${grouped(found.chunks)} chunks, ${bytes(found.audioBytes)} of audio${rejected}`,
    );
  }
  if (teachers.length > 0)
    lines.push(
      `  teachers    ${teachers.map(({ name, parameters }) => `${name} (${parameters === null ? 'size not known here' : millions(parameters)})`).join(', ')}`,
    );
  if (logits)
    lines.push(
      `  logits      ${grouped(logits.rows)} rows, ${bytes(logits.bytes)}, ${hours.logits === null ? 'hours unknown' : hour(hours.logits)}`,
    );
  for (const { name, parameters, steps, checkpointBytes } of trainings)
    lines.push(
      `  ${name.padEnd(11)} ${millions(parameters)} parameters, ${grouped(steps)} steps, ${bytes(checkpointBytes)} of checkpoints at most`,
    );
  lines.push(
    `  training    ${hour(hours.training)}`,
    `  store       ${bytes(storeBytes)}`,
    `Hours at ${hours.teraflops} TFLOP/s sustained (--tflops).`,
    '',
  );
  return lines.join('\n');
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`${option} ${text}: expected a number above 0`);
  return value;
}
