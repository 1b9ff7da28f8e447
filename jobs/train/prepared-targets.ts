/** The rows of a training and their targets: from labels, or from verified stored logits. */
import type { CorpusClip } from '../../ced/corpus/corpus-clip';
import type { LogitTable } from '../../ced/logits/logit-table';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { logitShardNames } from '../../storage/logits/logit-shard-names';
import { sha256 } from '../../storage/store';
import type { TargetSource, TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import { progressMeter } from '../../workflows/contract/progress-meter';
import type { Student } from '../../workflows/contract/run-file-sections';
import { throwIfStopped, type JobContext } from '../job-context';
import { LabelledTargets } from './labelled-targets';
import { withoutClips } from './left-out-clips';
import {
  checkRowsAreOfClips,
  drawnFrom,
  readStoredLogits,
  verifyStoredLogits,
} from './stored-logits';
import { rowsWithLogits, StoredTargets } from './stored-targets';
import { StoredViews } from './stored-views';
import { trainingRows, type TargetRows, type TrainingRow } from './training-set';

export interface PreparedTargets {
  rows: TrainingRow[];
  targets: TargetRows;
  /** SHA-256 of each logit shard; null when learning from labels. */
  logitShards: string[] | null;
  close(): void;
}

type StoredLogits = Extract<TargetSource, { kind: 'logits' }>;

export async function prepareTargets(
  context: JobContext,
  input: TrainInput,
  audio: CorpusAudio,
): Promise<PreparedTargets> {
  return input.targets.kind === 'labels'
    ? fromLabels(input, audio)
    : await fromStoredLogits(context, input, input.targets, audio);
}

function fromLabels({ augment, settings }: TrainInput, audio: CorpusAudio): PreparedTargets {
  const unlabelled = audio.clips.find((clip) => clip.labels === null);
  if (unlabelled)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.train: clip ${unlabelled.clip} has no labels, teaching needs them on every clip`,
    );
  return {
    rows: trainingRows(audio),
    targets: new LabelledTargets({ augment, seed: settings.seed }),
    logitShards: null,
    close: () => undefined,
  };
}

async function fromStoredLogits(
  context: JobContext,
  input: TrainInput,
  source: StoredLogits,
  audio: CorpusAudio,
): Promise<PreparedTargets> {
  const { planKey } = input;
  const { sampleRates = [] } = source;
  const { store } = context;
  const names = await logitShardNames(store, { planKey }, audio.audioShards, sampleRates);
  const student = input.settings as Student;
  const { unseenFill, consistent, seed } = student;
  const views = student.views ?? source.storedViews;
  const topK = student.topK ?? source.storedTopK;
  const verified = progressMeter('shards', names.length, context.monotonicMs);
  const logitShards = await verifyStoredLogits(store, source.logitsKey, names, (done) =>
    report(context, { ...verified(done), phase: 'verifying logits' }),
  );
  let hashed: ReturnType<typeof progressMeter> | undefined;
  const stored = await StoredViews.open(
    context.cache,
    sha256(logitShards.join()),
    { stored: source.storedViews, used: views, topK },
    () => tables(context, source.logitsKey, audio, { names, logitShards }),
    (done, total) => {
      hashed ??= progressMeter('bytes', total, context.monotonicMs);
      return report(context, { ...hashed(done), phase: 'verifying laid-out logits' });
    },
  );
  try {
    const all = trainingRows(audio);
    const rows = source.partial ? rowsWithLogits(all, stored) : all;
    const targets = new StoredTargets(rows, names.length, stored, {
      ...{ unseenFill, consistent, seed, views, topK },
      classes: audio.vocabulary.length,
      augment: input.augment,
    });
    const kept = withoutClips({ rows, targets }, input.leaveOut ?? []);
    return { ...kept, logitShards, close: () => stored.close() };
  } catch (error) {
    stored.close();
    throw error;
  }
}

async function* tables(
  context: JobContext,
  logitsKey: string,
  audio: CorpusAudio,
  { names, logitShards }: { names: readonly string[]; logitShards: readonly string[] },
): AsyncGenerator<LogitTable> {
  const { store } = context;
  const drawn = await drawnFrom(store, logitsKey);
  const clipsOf = Array.from(names, (): CorpusClip[] => []);
  for (const clip of audio.clips) clipsOf[clip.shard]?.push(clip);
  const read = progressMeter('shards', names.length, context.monotonicMs);
  let shard = 0;
  for await (const table of readStoredLogits(store, logitsKey, names, logitShards)) {
    const of = { clips: clipsOf[shard] ?? [], name: names[shard] ?? '' };
    if (drawn) await checkRowsAreOfClips(store, logitsKey, { table, drawn, shard, ...of });
    yield table;
    await report(context, { ...read(++shard), phase: 'reading logits' });
  }
}

/** @throws {EngineStopped} */
async function report(context: JobContext, progress: LiveProgress): Promise<void> {
  context.onProgress(progress);
  await throwIfStopped(context);
}
