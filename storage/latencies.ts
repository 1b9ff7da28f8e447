/**
 * Times of a run's models, measured side by side: kept by the models and the length of a chunk, so
 * that a later run of the same models shows the same times. Those of other models were measured
 * under another load.
 */
import { z } from 'zod';
import { canonicalJson } from '../ced/canonical-json';
import type { Latency } from '../ced/metrics/latency';
import { layout } from './layout';
import { createRecordOrAdopt, readRecordOrQuarantine } from './quarantine';
import { readRecordIfPresent, record, type RecordOf } from './record';
import { sha256, type Store } from './store';

export const latenciesRecord = record(
  'latencies',
  1,
  z.object({
    formatVersion: z.literal(1),
    processor: z.string(),
    rounds: z.number(),
    models: z.array(
      z.object({
        sha256: z.string(),
        /** Of a prediction: the median over the rounds, the fastest and the slowest round. */
        milliseconds: z.number(),
        low: z.number(),
        high: z.number(),
        /** What was predicted in that time. */
        audioSeconds: z.number(),
      }),
    ),
  }),
);
export type Latencies = Omit<RecordOf<typeof latenciesRecord>, 'formatVersion'>;

export interface TimedModels {
  /** In any order. Models that are no CED networks of the store are not timed. */
  models: readonly { sha256: string }[];
  chunkSeconds: number;
}

/** Raise it when the way of measuring changes: then models are measured again. */
const METHOD = 1;

/** Hashes of the models that can be timed: each one once, in order. */
export async function timedHashes(store: Store, { models }: TimedModels): Promise<string[]> {
  const hashes = [...new Set(models.map((model) => model.sha256))].sort();
  const isCed = await Promise.all(hashes.map((model) => store.exists(layout.modelConfig(model))));
  return hashes.filter((_, index) => isCed[index]);
}

function keyOf(hashes: readonly string[], { chunkSeconds }: TimedModels): string {
  return layout.latencies(sha256(canonicalJson({ METHOD, chunkSeconds, models: [...hashes] })));
}

export async function areMeasured(
  store: Store,
  hashes: readonly string[],
  timed: TimedModels,
): Promise<boolean> {
  return (await readRecordOrQuarantine(store, keyOf(hashes, timed), latenciesRecord)) !== null;
}

/** Of two runs that measure the same models at the same time, the first counts. */
export async function keepLatencies(
  store: Store,
  timed: TimedModels,
  latencies: Latencies,
): Promise<void> {
  const hashes = latencies.models.map((model) => model.sha256);
  await createRecordOrAdopt(store, keyOf(hashes, timed), latenciesRecord, {
    formatVersion: 1,
    ...latencies,
  });
}

/** By the hash of a model; empty where these models were not measured side by side. */
export async function readLatencies(
  store: Store,
  timed: TimedModels,
): Promise<Map<string, Latency>> {
  const hashes = await timedHashes(store, timed);
  const found = await readRecordIfPresent(store, keyOf(hashes, timed), latenciesRecord);
  const { processor = '', rounds = 0 } = found ?? {};
  return new Map(
    (found?.models ?? []).map(({ sha256: model, milliseconds, audioSeconds, low, high }) => [
      model,
      { milliseconds, audioSeconds, processor, spread: { low, high, rounds } },
    ]),
  );
}
