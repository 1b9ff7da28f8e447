/**
 * The ensemble hears one audio shard: every view of every chunk once, and of each the drawn
 * augmentation and the top-K of the teachers' weighted mean are kept (paper, section 3). Runs in
 * the engine's process and leaves the rows as they are: compressing them takes no GPU, so another
 * activity makes the shard of them (write-logits.ts) while this engine hears the next one. The
 * first commit wins; later writers adopt it. A lease keeps two runs from computing one shard at
 * once.
 */
import { masksToInt32, shiftInto } from '../../ced/augment/apply';
import { drawAugmentation, type AugmentParameters } from '../../ced/augment/parameters';
import { logitsKey } from '../../ced/canonical-json';
import { encodeRows } from '../../ced/logits/row-file';
import { topK } from '../../ced/logits/top-k';
import { combine } from '../../ced/teachers/ensemble';
import type {
  PredictedLogits,
  LogitsInput,
  LogitsShard,
} from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { LengthBatches, type LengthBatch } from '../../ced/corpus/length-batches';
import { mapOrdered } from '../../storage/map-ordered';
import { beginPhase, throwIfStopped, type JobContext } from '../job-context';
import type { MappedModel } from '../mapped-model';
import { namingTeacher } from '../teacher-fault';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { layout } from '../../storage/layout';
import { descriptionRecord } from '../../storage/logits/logits-description';
import { createRecordOrAdopt } from '../../storage/quarantine';
import { ContentDiffers, type Store } from '../../storage/store';
import { describeLogits } from './describe-logits';
import { scoreEnsemble } from './ensemble-gate';
import { probeTeachers } from './probe-teachers';
import { RowTable } from '../../ced/logits/row-table';
import { leasesOver, ShardLease } from '../../storage/shard-lease';
import { storedShard, type RowNotes } from '../../storage/logits/stored-shard';
import { TeacherAgreement } from '../../ced/metrics/teacher-agreement';

interface Row {
  row: number;
  parameters: AugmentParameters;
}

const BATCH = 64;
/** Chunks that are on their way from the disk while the teachers hear others. */
const READ_AHEAD = 16;

/**
 * @throws {ShardBusy} when another run is computing it
 * @throws {EngineStopped} when the process was told to stop
 */
export async function logitsJob(
  context: JobContext,
  input: LogitsInput & { owner?: string },
): Promise<LogitsShard | PredictedLogits> {
  const { store } = context;
  const { settings, ensemble } = input;
  const audio = await CorpusAudio.open(store, input.planKey, 'train', {
    only: input.shard,
    job: context,
  });
  const audioSha256 = audio.audioShards[0] ?? '';
  let lease: ShardLease | undefined;
  try {
    // Who asks again finds out without its teachers being loaded.
    if (input.waited) {
      const stored = await found(store, input.waited.logitsKey, audioSha256);
      if (stored) return stored;
      await leasesOver(store, input.waited.logitsKey, audioSha256, input);
    }
    await beginPhase(context, 'loading the teachers');
    const teachers = await Promise.all(
      ensemble.map(({ name, sha256: model }) =>
        namingTeacher(name, context.teacher(model, settings.precision, audio.vocabulary)),
      ),
    );
    const description = describeLogits(ensemble, teachers, settings);
    const key = logitsKey(description);
    const present = await found(store, key, audioSha256);
    if (present) return present;
    lease = await ShardLease.take(store, key, audioSha256, input);
    // It may have been committed, and its lease released, in between.
    const meanwhile = await found(store, key, audioSha256);
    if (meanwhile) return meanwhile;

    // Every run has a first shard: its attempt checks the teachers for all shards.
    const probing = (): Promise<void> => beginPhase(context, 'probing the teachers');
    await probing();
    const gate = input.shard === 0 ? await scoreEnsemble(store, input.planKey, ensemble) : [];
    if (input.shard === 0) await probeTeachers(ensemble, teachers, audio, probing);
    const teacherAt = (index: number): MappedModel => teachers[index]!;
    const startedMs = context.monotonicMs();
    const chunks = audio.clips.reduce((sum, clip) => sum + clip.chunks.length, 0);
    const table = new RowTable(chunks * settings.views, settings.topK);
    const agreement = new TeacherAgreement(ensemble.length);
    const progress = progressMeter('rows', table.rows, context.monotonicMs);
    let done = 0;
    const hear = async (batch: LengthBatch<Row> | null): Promise<void> => {
      if (!batch) return;
      const masks = masksToInt32(batch.items.map(({ parameters }) => parameters));
      const heard = { pcm: batch.pcm, batch: batch.rows, samples: batch.samples, masks };
      const outputs = await Promise.all(
        ensemble.map(async ({ name, weight }, index) => ({
          values: await namingTeacher(name, teacherAt(index).probabilities(heard)),
          output: 'probabilities' as const,
          weight,
        })),
      );
      const classes = audio.vocabulary.length;
      agreement.add(
        outputs.map(({ values }) => values),
        batch.rows,
        classes,
      );
      const mean = combine(outputs, batch.rows, classes);
      batch.items.forEach(({ row }, at) =>
        table.setTop(row, topK(mean.subarray(at * classes, (at + 1) * classes), settings.topK)),
      );
      done += batch.rows;
      context.onProgress(progress(done));
      await lease?.renew();
      await throwIfStopped(context);
    };
    const batches = new LengthBatches<Row>(BATCH);
    let row = 0;
    const chunksInOrder = audio.clips.flatMap((clip, clipRow) =>
      clip.chunks.map((span, chunk) => ({ clip, clipRow, span, chunk })),
    );
    const read = async (at: (typeof chunksInOrder)[number]) => ({
      ...at,
      pcm: await audio.readLater(at.clip, at.span),
    });
    for await (const { clip, clipRow, span, chunk, pcm } of mapOrdered(
      chunksInOrder,
      READ_AHEAD,
      read,
    ))
      for (let view = 0; view < settings.views; view++) {
        const parameters = drawAugmentation(
          settings.augment,
          { seed: settings.seed, clipSha256: clip.sha256, chunk, view },
          span.length,
        );
        table.setParameters(row, clipRow, chunk, view, parameters);
        await hear(
          batches.add(span.length, { row: row++, parameters }, (out, at) =>
            shiftInto(pcm, parameters.shift, out, at),
          ),
        );
      }
    for (const rest of batches.rest()) await hear(rest);
    if (done !== table.rows)
      throw new PermanentError(
        'LogitsMismatch',
        `shard ${audioSha256}: ${table.rows} rows planned, ${done} heard`,
      );
    const notes: RowNotes = {
      seconds: (context.monotonicMs() - startedMs) / 1000,
      agreement: agreement.finish(),
      ...(gate.length > 0 ? { gate } : {}),
    };
    await createRecordOrAdopt(store, layout.logitsDescription(key), descriptionRecord, description);
    return (
      (await storedShard(store, key, audioSha256)) ??
      (await leaveRows(store, key, audioSha256, encodeRows(table.finish(), notes)))
    );
  } finally {
    await audio.close();
    await lease?.release();
  }
}

async function leaveRows(
  store: Store,
  key: string,
  audioShard: string,
  rows: Uint8Array[],
): Promise<PredictedLogits> {
  await store.create(layout.logitsRows(key, audioShard), rows).catch((error: unknown) => {
    // Another kind of machine was first: what it left is what every student learns from.
    if (!(error instanceof ContentDiffers)) throw error;
  });
  return { logitsKey: key, audioShard, reused: false };
}

/** What is there of a shard: the file, or rows of which it is still to be made. */
async function found(
  store: Store,
  key: string,
  audioShard: string,
): Promise<LogitsShard | PredictedLogits | null> {
  const stored = await storedShard(store, key, audioShard);
  if (stored) return stored;
  return (await store.exists(layout.logitsRows(key, audioShard)))
    ? { logitsKey: key, audioShard, reused: true }
    : null;
}
