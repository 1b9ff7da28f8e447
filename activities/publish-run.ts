/**
 * The last stage: writes a run's result and report from the store. `runs/<run>/<workflowRunId>/` is
 * written once, `result.json` last; a retry after a lost reply adopts the files that it finds.
 * `runs/<run>/result.json`, `scores.json` and `report.html` are copies that the next run replaces,
 * and so are the pages that lead from the students' names to their models.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { PublishInput, RunResult } from '../workflows/contract/activities';
import type { ActivityDependencies } from './dependencies';
import { layout } from '../storage/layout';
import { evaluationRecord } from '../storage/earlier-evaluation';
import { createRecordOrAdopt } from '../storage/quarantine';
import { decodeRecord } from '../storage/record';
import { readLatencies } from '../storage/latencies';
import { resultRecord } from '../storage/run-result';
import { ContentDiffers, encodeJson, ObjectMissing, type Store } from '../storage/store';
import { readThresholds } from '../storage/models/model-thresholds';
import { modelCard } from '../report/model-card';
import { buildReportData, buildResult, type RunFindings } from '../report/report-data';
import { renderReport } from '../report/report-page';
import { latestPage } from '../report/run-links';
import { runScores } from '../report/run-scores';
import { studentPage } from '../report/student-page';
import { metricsFiles } from './publish/metrics-files';
import { readPageAssets } from './publish/page-assets';
import { readRunAttempts } from './publish/run-attempts';
import { readRunCost } from './publish/run-cost';
import { readRunCorpus } from './publish/run-corpus';
import { evaluateRun } from './publish/run-evaluation';
import { readScoredModels } from './publish/scored-models';
import { softwareVersions } from './publish/software-versions';
import { readTrainingCurve } from './publish/training-curve';
import { encodeLeftOut, encodeRejected } from '../report/run-corpus';
import type { RunEvaluation } from '../report/run-evaluation';
import type { TrainingCurve } from '../report/training-curve';
import type { Latency } from '../ced/metrics/latency';

/**
 * @param onAlive called between the parts of the evaluation
 * @throws when a model was not scored on eval, or a manifest of the run is missing
 */
export async function publishRun(
  deps: ActivityDependencies,
  input: PublishInput,
  onAlive: (phase: string) => void = () => undefined,
): Promise<RunResult> {
  const store = deps.openStore(input.store);
  const keyOf = (file: string): string => layout.runFile(input.run, input.workflowRunId, file);
  if (!(await store.exists(keyOf('result.json')))) {
    const beforeComputing = async (): Promise<void> => {
      onAlive('evaluating');
      await yieldToEventLoop();
      deps.signal?.throwIfAborted();
    };
    const findings = await readFindings(store, input, beforeComputing);
    const result = buildResult(input, findings);
    const data = buildReportData(input, result, findings);
    for (const [index, student] of result.students.entries()) {
      const card = modelCard(input, result, student, {
        splits: findings.splits,
        evalClips: findings.evaluation?.clips ?? null,
        thresholds: await readThresholds(store, student.sha256),
        tags: findings.evaluation?.students[index]?.tags ?? null,
      });
      await createOrAdopt(store, layout.modelFile(student.sha256, 'README.md'), Buffer.from(card));
    }
    await createOrAdopt(store, keyOf('rejected.jsonl'), encodeRejected(findings.rejected));
    if (input.selection)
      await createOrAdopt(store, keyOf('left-out.jsonl'), encodeLeftOut(input.selection.leaveOut));
    for (const [file, bytes] of await metricsFiles(store, input))
      await createOrAdopt(store, keyOf(file), bytes);
    await createOrAdopt(
      store,
      keyOf('report.html'),
      Buffer.from(renderReport(data, readPageAssets())),
    );
    await createOrAdopt(store, keyOf('scores.json'), encodeJson(runScores(data)));
    await createOrAdopt(
      store,
      keyOf('result.json'),
      Buffer.from(JSON.stringify(result, null, 2) + '\n'),
    );
  }
  const result = await committed(store, keyOf('result.json'));
  const report = Buffer.from(await committed(store, keyOf('report.html'))).toString('utf8');
  await store.replace(layout.latest(input.run, 'report.html'), Buffer.from(latestPage(report)));
  // Runs of earlier versions have none.
  const scores = await store.read(keyOf('scores.json'));
  if (scores) await store.replace(layout.latest(input.run, 'scores.json'), scores);
  const published = decodeRecord(store, keyOf('result.json'), resultRecord, result).value;
  for (const student of published.students)
    await store.replace(
      layout.studentPage(input.run, student.name),
      Buffer.from(studentPage(input.run, student)),
    );
  await store.replace(layout.latest(input.run, 'result.json'), result);
  if (input.judgementKey !== undefined) await recordEvaluation(store, input, input.judgementKey);
  return published;
}

/** Written last, so that only a finished run counts as an evaluation. */
async function recordEvaluation(
  store: Store,
  { run, workflowId, workflowRunId, promotion }: PublishInput,
  key: string,
): Promise<void> {
  await createRecordOrAdopt(store, layout.evaluation(run, key), evaluationRecord, {
    workflowId,
    workflowRunId,
    says: promotion?.says ?? 'no student was compared with a champion',
  });
}

async function readFindings(
  store: Store,
  input: PublishInput,
  beforeComputing: () => Promise<void>,
): Promise<RunFindings> {
  const { planKey, ensemble, students } = input;
  const corpus = await readRunCorpus(store, planKey);
  const evaluation = withLatencies(
    await evaluateRun(store, planKey, 'eval', { ensemble, students }, beforeComputing),
    input,
    await latenciesOf(store, input),
  );
  const validation =
    ensemble.length === 0
      ? null
      : await evaluateRun(
          store,
          planKey,
          'validation',
          { ensemble, students: [] },
          beforeComputing,
        );
  const curves: TrainingCurve[] = [];
  for (const student of students) curves.push(await readTrainingCurve(store, student));
  const scored = await readScoredModels(store, input, evaluation, beforeComputing);
  const teacherPairs = (evaluation ?? validation)?.pairs ?? [];
  const attempts = await readRunAttempts(store, input);
  const cost = await readRunCost(store, input, attempts);
  const ensembleValidationMAP = validation?.ensemble?.mAP ?? null;
  return {
    ...corpus,
    evaluation,
    teacherPairs,
    ensembleValidationMAP,
    scored,
    curves,
    attempts,
    cost,
    versions: softwareVersions(),
  };
}

function latenciesOf(
  store: Store,
  { ensemble, students, chunkSeconds }: PublishInput,
): Promise<ReadonlyMap<string, Latency>> {
  return chunkSeconds === undefined
    ? Promise.resolve(new Map())
    : readLatencies(store, { models: [...ensemble, ...students], chunkSeconds });
}

/** Times of models that were measured alone, with their scores, stay where there are no others. */
function withLatencies(
  evaluation: RunEvaluation | null,
  { ensemble, students }: PublishInput,
  latencies: ReadonlyMap<string, Latency>,
): RunEvaluation | null {
  if (!evaluation || latencies.size === 0) return evaluation;
  const timed = <S>(scores: S[], models: readonly { sha256: string }[]): S[] =>
    scores.map((score, index) => ({
      ...score,
      latency: latencies.get(models[index]?.sha256 ?? '') ?? null,
    }));
  return {
    ...evaluation,
    teachers: timed(evaluation.teachers, ensemble),
    students: timed(evaluation.students, students),
  };
}

/** An earlier attempt may have run another version of the code. Readers have seen its files. */
async function createOrAdopt(store: Store, key: string, bytes: Uint8Array): Promise<void> {
  await store.create(key, bytes).catch((error: unknown) => {
    if (!(error instanceof ContentDiffers)) throw error;
  });
}

async function committed(store: Store, key: string): Promise<Uint8Array> {
  const bytes = await store.read(key);
  if (bytes === null) throw new ObjectMissing(key, store.uri);
  return bytes;
}
