/**
 * The package's types as another project uses them: compiled with this project's settings, and with
 * strict ones of a project that has the package installed (installed.test.ts). Never run.
 */
import { CedPlugin, type CedPluginOptions } from '../../package/worker';
import { Run, RunFileInvalid, startRun } from '../../package/client';
import {
  parseRun,
  distillRunSchema,
  TASK_QUEUES,
  type DistillInput,
  type RunResult,
  type RunStatus,
  type Workflows,
} from '../../package/contract';
import { StoreReader, type LogitRow } from '../../package/formats';
import { Tagger, type TaggedChunk } from '../../package/tagger';
import type { Client } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { executeChild } from '@temporalio/workflow';

declare const client: Client;
declare const connection: NativeConnection;

const run: DistillInput = {
  name: 'mine',
  store: 'runs/mine',
  corpus: { train: 'train.jsonl', vocabulary: 'labels.csv' },
  teachers: [{ name: 'base', checkpoint: 'teachers/base', format: 'ced' }],
  students: [{ name: 'mini', model: 'mini' }],
};

export async function follows(): Promise<RunResult> {
  const started = await startRun(client, 'distill', run);
  for await (const status of started.follow()) shows(status);
  await new Run(client, 'mine').pause();
  return await started.result();
}

function shows({ stages }: RunStatus): void {
  const names: (
    | 'plan'
    | 'download'
    | 'gate'
    | 'logits'
    | 'teach'
    | 'distill'
    | 'evaluate'
    | 'promote'
    | 'publish'
  )[] = stages.map(({ name }) => name);
  console.log(names);
}

export async function retrains(): Promise<string> {
  const result = await (await startRun(client, 'retrain', run)).result();
  // @ts-expect-error a firing without anything new has no students
  console.log(result.students);
  return 'outcome' in result ? result.says : result.run;
}

// @ts-expect-error a run of teach has teachers, and no students
export const wrongType = startRun(client, 'teach', run);

// @ts-expect-error a student needs a model
export const withoutModel: DistillInput = { ...run, students: [{ name: 'mini' }] };

export async function parent(): Promise<number> {
  const result = await executeChild<Workflows['distill']>('distill', {
    taskQueue: TASK_QUEUES.workflows,
    args: [run],
  });
  return result.students[0]?.mAP ?? 0;
}

const options: CedPluginOptions = { root: '/data', threads: 2 };
export const worker = Worker.create({
  connection,
  taskQueue: 'mine',
  workflowsPath: './workflows',
  plugins: [new CedPlugin(options)],
});

export async function tags(): Promise<TaggedChunk[]> {
  const tagger = await Tagger.open('mini.onnx', { threads: 2 });
  const first: string | undefined = tagger.classes[0];
  console.log(first);
  return await tagger.tagFile('a.wav', { top: 3 });
}

export async function reads(): Promise<LogitRow[]> {
  const store = new StoreReader('runs/mine');
  const rows: LogitRow[] = [];
  for (const key of await store.logitKeys())
    for await (const row of store.logits(key)) rows.push(row);
  return rows;
}

const parsed = parseRun(distillRunSchema, run);
export const problems: string[] = 'problems' in parsed ? parsed.problems : [parsed.run.name];
export const invalid: Error = new RunFileInvalid(problems);
