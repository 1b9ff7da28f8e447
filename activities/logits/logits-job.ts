/**
 * The ensemble hears one audio shard: every view of every chunk once, and of each the drawn augmentation and the top-K of the teachers'
 * weighted mean are stored (paper, section 3). Runs in the engine's process. The first commit of a shard wins; later writers adopt it. A lease
 * keeps two runs from computing one shard at once.
 */
import { masksToInt32, shiftInto } from '../../ced/augment/apply';
import { drawAugmentation, type AugmentParameters } from '../../ced/augment/parameters';
import { logitsKey } from '../../ced/logits/content-key';
import type { LogitTable } from '../../ced/logits/logit-table';
import { encodeLogitShard } from '../../ced/logits/shard-file';
import { topK } from '../../ced/logits/top-k';
import { combine } from '../../ced/teachers/ensemble';
import type { LogitsInput, LogitsShard } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { CorpusAudio } from '../corpus/corpus-audio';
import { LengthBatches, type LengthBatch } from '../corpus/length-batches';
import { EngineStopped } from '../engine-jobs';
import { inOrder } from '../in-order';
import type { JobContext } from '../job-context';
import type { MappedModel } from '../mapped-model';
import { namingTeacher } from '../teacher-fault';
import { countdown } from '../progress';
import { layout } from '../storage/layout';
import { ContentDiffers, encodeJson, readJsonIfPresent, sha256, type Store } from '../storage/store';
import { describeLogits } from './describe-logits';
import { scoreEnsemble, type GateScores } from './ensemble-gate';
import { probeTeachers } from './probe-teachers';
import { RowTable } from './row-table';
import { leasesOver, ShardLease } from './shard-lease';
import { TeacherAgreement, type TeacherPair } from './teacher-agreement';

export interface LogitsManifest {
  formatVersion: 1;
  rowsPlanned: number;
  rowsWritten: number;
  sha256: string;
  bytes: number;
  seconds: number;
  /** Of every two teachers on this shard; absent in older manifests and for imported logits. */
  agreement?: TeacherPair[];
  /** In the manifest of a run's first shard: what let it go on. */
  gate?: GateScores[];
}

interface Row {
  row: number;
  parameters: AugmentParameters;
}

const BATCH = 64;
/** Chunks that are on their way from the disk while the teachers hear others. */
const READ_AHEAD = 16;

/** @throws {ShardBusy} when another run is computing it @throws {EngineStopped} when the process was told to stop */
export async function logitsJob(context: JobContext, input: LogitsInput & { owner?: string }): Promise<LogitsShard> {
  const { store } = context;
  const { settings, ensemble } = input;
  const audio = await CorpusAudio.open(store, input.planKey, 'train', { only: input.shard, job: context });
  const audioSha256 = audio.audioShards[0] ?? '';
  let lease: ShardLease | undefined;
  try {
    // Who asks again finds out without its teachers being loaded.
    if (input.waited) {
      const stored = await storedShard(store, input.waited.logitsKey, audioSha256);
      if (stored) return stored;
      await leasesOver(store, input.waited.logitsKey, audioSha256, input);
    }
    const teachers = await Promise.all(
      ensemble.map(({ name, sha256: model }) => namingTeacher(name, context.teacher(model, settings.precision, audio.vocabulary))),
    );
    const description = describeLogits(ensemble, teachers, settings);
    const key = logitsKey(description);
    const present = await storedShard(store, key, audioSha256);
    if (present) return present;
    lease = await ShardLease.take(store, key, audioSha256, input);
    // It may have been committed, and its lease released, in between.
    const meanwhile = await storedShard(store, key, audioSha256);
    if (meanwhile) return meanwhile;

    // Every run has a first shard: whoever computes it finds out for all.
    const gate = input.shard === 0 ? await scoreEnsemble(store, input.planKey, ensemble) : [];
    if (input.shard === 0) await probeTeachers(ensemble, teachers, audio);
    const teacherAt = (index: number): MappedModel => teachers[index]!;
    const startedMs = context.monotonicMs();
    const chunks = audio.clips.reduce((sum, clip) => sum + clip.chunks.length, 0);
    const table = new RowTable(chunks * settings.views, settings.topK);
    const agreement = new TeacherAgreement(ensemble.length);
    const progress = countdown('rows', table.rows, context.monotonicMs);
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
      batch.items.forEach(({ row }, at) => table.setTop(row, topK(mean.subarray(at * classes, (at + 1) * classes), settings.topK)));
      done += batch.rows;
      context.onProgress(progress(done));
      await lease?.renew();
      if (await context.breathe()) throw new EngineStopped();
    };
    const batches = new LengthBatches<Row>(BATCH);
    let row = 0;
    const chunksInOrder = audio.clips.flatMap((clip, clipRow) => clip.chunks.map((span, chunk) => ({ clip, clipRow, span, chunk })));
    const read = async (at: (typeof chunksInOrder)[number]) => ({ ...at, pcm: await audio.readLater(at.clip, at.span) });
    for await (const { clip, clipRow, span, chunk, pcm } of inOrder(chunksInOrder, READ_AHEAD, read))
      for (let view = 0; view < settings.views; view++) {
        const parameters = drawAugmentation(settings.augment, { seed: settings.seed, clipSha256: clip.sha256, chunk, view }, span.length);
        table.setParameters(row, clipRow, chunk, view, parameters);
        await hear(batches.add(span.length, { row: row++, parameters }, (out, at) => shiftInto(pcm, parameters.shift, out, at)));
      }
    for (const rest of batches.rest()) await hear(rest);
    if (done !== table.rows) throw new PermanentError('LogitsMismatch', `shard ${audioSha256}: ${table.rows} rows planned, ${done} heard`);
    const heard = {
      seconds: (context.monotonicMs() - startedMs) / 1000,
      agreement: agreement.finish(),
      ...(gate.length > 0 ? { gate } : {}),
    };
    return await commit(context, key, description, audioSha256, table.finish(), heard);
  } finally {
    audio.close();
    await lease?.release();
  }
}

async function storedShard(store: Store, key: string, audioSha256: string): Promise<LogitsShard | null> {
  const manifest = await readJsonIfPresent<LogitsManifest>(store, layout.logitsManifest(key, audioSha256));
  if (manifest === null || !(await store.exists(layout.logits(key, audioSha256)))) return null;
  return { logitsKey: key, rows: manifest.rowsWritten, bytes: manifest.bytes, seconds: manifest.seconds, reused: true };
}

async function commit(
  context: JobContext,
  key: string,
  description: unknown,
  audioSha256: string,
  table: LogitTable,
  heard: Pick<LogitsManifest, 'seconds' | 'agreement' | 'gate'>,
): Promise<LogitsShard> {
  const { store } = context;
  const startedMs = context.monotonicMs();
  context.onProgress({ unit: 'rows', done: table.rows, total: table.rows, perSecond: 0, etaSeconds: null, phase: 'writing' });
  const mine = await encodeLogitShard(table);
  let bytes: Uint8Array = mine;
  try {
    await store.create(layout.logits(key, audioSha256), mine);
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    // Another kind of machine was first: what it stored is what every student learns from.
    bytes = (await store.read(layout.logits(key, audioSha256))) ?? mine;
  }
  const seconds = heard.seconds + (context.monotonicMs() - startedMs) / 1000;
  const manifest: LogitsManifest = {
    formatVersion: 1,
    rowsPlanned: table.rows,
    rowsWritten: table.rows,
    sha256: sha256(bytes),
    bytes: bytes.byteLength,
    ...heard,
    seconds,
  };
  await store.create(layout.logitsDescription(key), encodeJson(description));
  await store.create(layout.logitsManifest(key, audioSha256), encodeJson(manifest)).catch((error: unknown) => {
    // Only `seconds` can differ between two writers, the scores between two kinds of machine or corpora.
    if (!(error instanceof ContentDiffers)) throw error;
  });
  return { logitsKey: key, rows: table.rows, bytes: bytes.byteLength, seconds, reused: false };
}
