/**
 * Copies a teach run's models out of the store: float16 safetensors (half the size; scores change
 * by less than what is printed) with their config.json, and `scores.json` and a README that
 * document their training.
 */
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { layout } from '../../storage/layout';
import { checkpointTraining, TRAINING_FILE } from '../../storage/models/checkpoint-training';
import { openStore } from '../../storage/open-store';
import type { Store } from '../../storage/store';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import type { RunResult } from '../../workflows/contract/activities';
import { payloadReader } from '../run/payload-reader';
import { TEACH_RUN } from '../run/start-options';
import type { TrainedModel } from '../../workflows/contract/models';
import { jsonText } from '../print-json';
import { writeFolder } from '../whole-file';

export interface TeacherExport {
  run: { store: string };
  result: RunResult;
  workflowId: string;
  client: Client;
  runFile: string;
  command: string;
  root: string;
  out: string;
}

interface TeacherScore {
  name: string;
  parameters: number;
  validationMAP: number | null;
  evalMAP: number | null;
  epochs: number;
  minutes: number;
  /** Of the float32 weights in the store. */
  sha256: string;
}

export async function exportTeachers({
  run,
  result,
  workflowId,
  client,
  runFile,
  command,
  root,
  out,
}: TeacherExport): Promise<void> {
  const store = openStore(root, run.store);
  const trained = await trainedModels(client, workflowId);
  const teachers: TeacherScore[] = [];
  for (const { name, parameters, mAP, sha256 } of result.students) {
    const training = trained.find((each) => each.name === name);
    await exportModel(store, sha256, join(out, name), training);
    const minutes = Number(((training?.seconds ?? 0) / 60).toFixed(1));
    teachers.push({
      name,
      parameters,
      validationMAP: training?.validationMAP ?? null,
      evalMAP: mAP,
      epochs: training?.epochs ?? 0,
      minutes,
      sha256,
    });
  }
  const hardware = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
  await writeFolder(out, {
    'scores.json': jsonText({ formatVersion: 1, command, runFile, hardware, teachers }),
    'README.md': teachersReadme({ command, runFile, hardware, teachers }),
  });
}

/**
 * @param training of the model, which is told to the runs that take it for a teacher
 * @returns bytes of the weights
 */
export async function exportModel(
  store: Store,
  sha256: string,
  folder: string,
  training?: TrainedModel,
): Promise<number> {
  const weights = await store.read(layout.model(sha256));
  const config = await store.read(layout.modelConfig(sha256));
  if (weights === null || config === null)
    throw new Error(`${store.uri}: ${layout.model(sha256)} is missing; run the same command again`);
  const half = encodeSafetensors(decodeSafetensors(weights), 'F16');
  await writeFolder(folder, {
    ...{ 'model.safetensors': half, 'config.json': config },
    ...(training ? { [TRAINING_FILE]: jsonText(checkpointTraining(training, half)) } : {}),
  });
  return half.byteLength;
}

/** Results of the training activities, from the history: the run's result leaves fields out. */
async function trainedModels(client: Client, workflowId: string): Promise<TrainedModel[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const read = payloadReader(client);
  const training = new Set<string>();
  const models: TrainedModel[] = [];
  for (const {
    eventId,
    activityTaskScheduledEventAttributes: scheduled,
    activityTaskCompletedEventAttributes: completed,
  } of events ?? []) {
    if (scheduled?.activityType?.name === 'trainModel') training.add(String(eventId));
    const payload =
      completed && training.has(String(completed.scheduledEventId))
        ? completed.result?.payloads?.[0]
        : undefined;
    if (payload) models.push((await read(payload)) as TrainedModel);
  }
  return models;
}

export function teachersReadme({
  command,
  runFile,
  hardware,
  teachers,
}: {
  command: string;
  runFile: string;
  hardware: string;
  teachers: TeacherScore[];
}): string {
  const score = (mAP: number | null): string => (mAP === null ? '–' : mAP.toFixed(3));
  const rows = teachers.map(
    ({ name, parameters, epochs, minutes, validationMAP, evalMAP }) =>
      `| ${name} | ${parameters.toLocaleString('en-US')} | ${epochs} | ${minutes.toFixed(1)} | ` +
      `${score(validationMAP)} | ${score(evalMAP)} |`,
  );
  const minutes = teachers.reduce((sum, teacher) => sum + teacher.minutes, 0).toFixed(0);
  return `# ${runFile === TEACH_RUN ? "The demo's teachers" : 'Teachers'}

Trained from labels by \`${command}\` with \`${runFile}\`
in ${minutes} minutes on ${hardware}. Weights are float16; this file and
\`scores.json\` are written by the same command.

| teacher | parameters | epochs | minutes | validation mAP | eval mAP |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}
