/**
 * The logits of one audio shard. Runs in the engine's process and leaves the rows as they are:
 * compressing them takes no GPU, so another activity makes the shard of them (write-logits.ts)
 * while this engine computes the next one. The first commit wins; later writers adopt it. A lease
 * keeps two runs from computing one shard at once.
 */
import { logitsKey } from '../../ced/canonical-json';
import { encodeRows } from '../../ced/logits/row-file';
import type {
  PredictedLogits,
  LogitsInput,
  LogitsShard,
} from '../../workflows/contract/activities';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { beginPhase, type JobContext } from '../job-context';
import { layout } from '../../storage/layout';
import {
  descriptionRecord,
  type ComputedDescription,
} from '../../storage/logits/logits-description';
import { createRecordOrAdopt } from '../../storage/quarantine';
import { ContentDiffers, type Store } from '../../storage/store';
import { furtherRatesOf } from '../../workflows/contract/sample-rates';
import { logitShardNames } from '../../storage/logits/logit-shard-names';
import { describeLogits } from '../../storage/logits/describe-logits';
import { scoreEnsemble } from './ensemble-gate';
import { predictShard, type Ensemble } from './predict-shard';
import { probeTeachers } from './probe-teachers';
import { loadTeacher, modelsOf, ShardTeacher, type LoadedTeacher } from './shard-teacher';
import { leasesOver, ShardLease } from '../../storage/shard-lease';
import { storedShard, type RowNotes } from '../../storage/logits/stored-shard';

type LogitsJobInput = LogitsInput & { owner?: string };
type Found = LogitsShard | PredictedLogits;

/**
 * @throws {ShardBusy} when another run is computing it
 * @throws {EngineStopped} when the process was told to stop
 */
export async function logitsJob(context: JobContext, input: LogitsJobInput): Promise<Found> {
  const { store } = context;
  const audio = await CorpusAudio.open(store, input.planKey, 'train', {
    only: input.shard,
    job: context,
  });
  try {
    const rates = furtherRatesOf(input.ensemble);
    const of = { planKey: input.planKey, only: input.shard };
    const [name = ''] = await logitShardNames(store, of, audio.audioShards, rates);
    // A run that waited for another's lease needs no teachers to see whether the shard is there.
    if (input.waited) {
      const stored = await found(store, input.waited.logitsKey, name);
      if (stored) return stored;
      await leasesOver(store, input.waited.logitsKey, name, input);
    }
    const teachers = await loadTeachers(context, input, audio);
    const identities = teachers.map(({ identity }) => identity);
    const description = describeLogits(input.ensemble, identities, input.settings);
    const key = logitsKey(description);
    const present = await found(store, key, name);
    if (present) return present;
    const lease = await ShardLease.take(store, key, name, input);
    try {
      // It may have been committed, and its lease released, in between.
      const meanwhile = await found(store, key, name);
      return (
        meanwhile ??
        (await computeShard(context, input, audio, teachers, { description, name, lease }))
      );
    } finally {
      await lease.release();
    }
  } finally {
    await audio.close();
  }
}

/** Where the logits of the shard lie, under a lease. */
interface ShardPlace {
  description: ComputedDescription;
  /** As logit-shard-names.ts gives it. */
  name: string;
  lease: ShardLease;
}

async function loadTeachers(
  context: JobContext,
  { ensemble, settings }: LogitsJobInput,
  audio: CorpusAudio,
): Promise<LoadedTeacher[]> {
  await beginPhase(context, 'loading the teachers');
  return await Promise.all(ensemble.map((member) => loadTeacher(context, member, settings, audio)));
}

async function computeShard(
  context: JobContext,
  input: LogitsJobInput,
  audio: CorpusAudio,
  loaded: readonly LoadedTeacher[],
  place: ShardPlace,
): Promise<Found> {
  await beginPhase(context, 'reading outputs of teachers');
  const { store } = context;
  const teachers = await ShardTeacher.all(store, loaded, input, audio);
  try {
    const ensemble = { teachers, models: modelsOf(loaded) };
    return await predictAndLeave(context, input, audio, ensemble, place);
  } finally {
    for (const teacher of teachers) teacher.close();
  }
}

async function predictAndLeave(
  context: JobContext,
  input: LogitsJobInput,
  audio: CorpusAudio,
  ensemble: Ensemble,
  { description, name, lease }: ShardPlace,
): Promise<Found> {
  const { store } = context;
  const [key, audioSha256 = ''] = [logitsKey(description), ...audio.audioShards];
  // Every run has a first shard: its attempt checks the teachers for all shards.
  await beginPhase(context, 'probing the teachers');
  const isFirst = input.shard === 0;
  const gate = isFirst ? await scoreEnsemble(store, input.planKey, input.ensemble) : [];
  if (isFirst)
    await probeTeachers(ensemble, audio, input.settings, (name) =>
      beginPhase(context, `probing teacher ${name}`),
    );
  const startedMs = context.monotonicMs();
  const { table, agreement, leftOut } = await predictShard(
    context,
    audio,
    ensemble,
    input.settings,
    () => lease.renew(),
  );
  const seconds = (context.monotonicMs() - startedMs) / 1000;
  for (const teacher of ensemble.teachers) await teacher.keep(seconds);
  const notes: RowNotes = {
    seconds,
    agreement,
    ...(leftOut ? { leftOut } : {}),
    ...(name === audioSha256 ? {} : { audio: audioSha256 }),
    ...(gate.length > 0 ? { gate } : {}),
  };
  await createRecordOrAdopt(store, layout.logitsDescription(key), descriptionRecord, description);
  return (
    (await storedShard(store, key, name)) ??
    (await leaveRows(store, key, name, encodeRows(table, notes)))
  );
}

async function leaveRows(
  store: Store,
  key: string,
  name: string,
  rows: Uint8Array[],
): Promise<PredictedLogits> {
  await store.create(layout.logitsRows(key, name), rows).catch((error: unknown) => {
    // A machine of another kind was first: every student learns from its rows.
    if (!(error instanceof ContentDiffers)) throw error;
  });
  return { logitsKey: key, audioShard: name, reused: false };
}

/** The stored state of a shard: the file, or the rows for it. */
async function found(store: Store, key: string, name: string): Promise<Found | null> {
  const stored = await storedShard(store, key, name);
  if (stored) return stored;
  return (await store.exists(layout.logitsRows(key, name)))
    ? { logitsKey: key, audioShard: name, reused: true }
    : null;
}
