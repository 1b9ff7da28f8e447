/**
 * Where students' targets come from: the ensemble's predictions of every view, or logits that
 * others published. Either ends with rows planned = rows written.
 */
import { ApplicationFailure, sleep } from '@temporalio/workflow';
import { runFileInvalid } from './accept-run';
import { cpu, gpu } from './activity-proxies';
import type {
  LeaseWait,
  LogitsShard,
  LogitsTotal,
  PredictedLogits,
  TargetSource,
} from './contract/activities';
import type { DistillRun } from './contract/run-file';
import type { LogitsSettings, PublishedLogits } from './contract/run-file-sections';
import { furtherRatesOf } from './contract/sample-rates';
import { type Repair, withRepair } from './repair';
import type { PreparedCorpus } from './prepare-corpus';
import type { RunControl } from './run-control';
import { whenFree } from './single-flight';
import type { EnsembleMember } from './contract/models';
import type { WorkerTeachers } from './worker-teachers';

/** Shards that wait for GPU workers or are being written: enough for several workers. */
const LOGIT_SHARDS_IN_FLIGHT = 16;
const LEFT_OUT = 'left out of the logits';

interface Targets {
  logits: LogitsTotal;
  targets: TargetSource;
  /** Makes a shard of logits or audio again. */
  repair: Repair;
}

/** Predicts every view of every chunk once, shard by shard, on all GPU workers. */
export async function storeLogits(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  ensemble: EnsembleMember[],
  settings: LogitsSettings,
  workers: WorkerTeachers,
): Promise<Targets> {
  const { shards, chunks, samples } = corpus.finalized.train ?? {
    shards: 0,
    chunks: 0,
    samples: 0,
  };
  const total = control.persisted<LogitsTotal>('logits', {
    key: '',
    rows: 0,
    views: settings.views,
    bytes: 0,
    pcmBytes: samples * 2,
  });
  const predictOutputs = async (shard: number): Promise<void> => {
    if (!workers.isEmpty)
      await workers.predict(corpus, { split: 'train', shard, ensemble, settings });
  };
  const repair: Repair = (damage) =>
    damage.kind === 'outputs' ? predictOutputs(damage.shard) : corpus.repair(damage);
  const computeShard = async (shard: number): Promise<LogitsShard> => {
    await predictOutputs(shard);
    const input = { store: run.store, planKey: corpus.plan.planKey, shard, ensemble, settings };
    const request = (waited?: LeaseWait) =>
      control.interruptibly('other', () =>
        gpu.computeLogits(waited === undefined ? input : { ...input, waited }),
      );
    const wait = async (ms: number): Promise<void> => {
      await sleep(ms, { summary: `Wait for another run that predicts shard ${shard}` });
      await control.whilePaused();
    };
    const predict = () =>
      whenFree<LogitsShard | PredictedLogits>(
        (waited) => withRepair(() => request(waited), repair),
        wait,
      );
    const predicted = await predict();
    if (!('audioShard' in predicted)) return predicted;
    // Written by a worker without a GPU, while the GPU predicts the next shard.
    const { logitsKey, audioShard } = predicted;
    return await withRepair(
      () => cpu.writeLogits({ store: run.store, logitsKey, audioShard, shard }),
      predict,
    );
  };
  await control.stage('logits', shards, async (stage) => {
    await control.forEachItem(stage, LOGIT_SHARDS_IN_FLIGHT, async (shard) => {
      const stored = await computeShard(shard);
      total.key = stored.logitsKey;
      total.rows += stored.rows;
      total.bytes += stored.bytes;
      if (stored.leftOut) {
        // Of the first such shard alone: notes are few.
        if (total.leftOut === undefined)
          control.note(stored.leftOut.examples.map((example) => `${LEFT_OUT}: ${example}`));
        total.leftOut = (total.leftOut ?? 0) + stored.leftOut.chunks;
      }
    });
  });
  const { leftOut = 0 } = total;
  const planned = chunks * settings.views;
  if (total.rows + leftOut * settings.views !== planned)
    throw ApplicationFailure.nonRetryable(
      `logits/${total.key}: ${planned} rows planned, ${total.rows} written` +
        (leftOut > 0 ? `, ${leftOut} chunks left out` : ''),
      'LogitsMismatch',
    );
  if (leftOut > 0) refuseOrTell(control, run, leftOut, chunks);
  const { views, topK, seed } = settings;
  const sampleRates = furtherRatesOf(ensemble);
  return {
    logits: total,
    targets: {
      kind: 'logits',
      logitsKey: total.key,
      storedViews: views,
      storedTopK: topK,
      seed,
      ...(leftOut > 0 ? { partial: true } : {}),
      ...(sampleRates.length > 0 ? { sampleRates } : {}),
    },
    repair: (damage) =>
      damage.kind === 'logits' ? computeShard(damage.shard) : corpus.repair(damage),
  };
}

/** A run allows the same share of chunks without logits as of unreadable clips. */
function refuseOrTell(control: RunControl, run: DistillRun, leftOut: number, chunks: number): void {
  const told =
    `${leftOut} of ${chunks} chunks are ${LEFT_OUT}, because a teacher gave zeros, equal values ` +
    'or NaN for them';
  const { maxRejected } = run.corpus;
  if (leftOut === chunks || leftOut > maxRejected * chunks) {
    const example = control.status.notes?.find((note) => note.startsWith(LEFT_OUT)) ?? LEFT_OUT;
    throw ApplicationFailure.nonRetryable(
      `${told} (${example}): more than corpus.maxRejected = ${maxRejected} of them`,
      'TeacherInvalid',
    );
  }
  control.note([`${told}; students do not learn from them`]);
}

/** Imports logits that others computed and published, in place of an ensemble's. */
export async function importLogits(
  control: RunControl,
  run: DistillRun,
  corpus: PreparedCorpus,
  { published }: PublishedLogits,
): Promise<Targets> {
  const importAll = () =>
    cpu.importPublishedLogits({ store: run.store, planKey: corpus.plan.planKey, published });
  const imported = await control.stage('logits', 1, async (stage) => {
    const result = await importAll();
    stage.done = 1;
    return result;
  });
  const { logitsKey, rows, views, topK, bytes } = imported;
  const problems = run.students.flatMap((student, index) => [
    ...((student.views ?? 1) > views
      ? [`students[${index}].views: expected at most the ${views} passes of logits.published`]
      : []),
    ...((student.topK ?? 1) > topK
      ? [`students[${index}].topK: expected at most the ${topK} probabilities of logits.published`]
      : []),
  ]);
  if (problems.length > 0) throw runFileInvalid(problems);
  return {
    logits: {
      key: logitsKey,
      rows,
      views,
      bytes,
      pcmBytes: (corpus.finalized.train?.samples ?? 0) * 2,
    },
    targets: {
      kind: 'logits',
      logitsKey,
      storedViews: views,
      storedTopK: topK,
      seed: 0,
      partial: true,
    },
    repair: (damage) => (damage.kind === 'logits' ? importAll() : corpus.repair(damage)),
  };
}
