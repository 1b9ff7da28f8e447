/**
 * The rows of one audio shard: every view of every chunk goes through the ensemble once, and of
 * each the drawn augmentation and the top-K of the teachers' weighted mean are kept (paper, section
 * 3).
 */
import { shiftAtRate } from '../../ced/audio/sample-rates';
import { masksToInt32, shiftInto } from '../../ced/augment/apply';
import type { AugmentParameters } from '../../ced/augment/parameters';
import { drawViews } from '../../ced/logits/views';
import { RowTable } from '../../ced/logits/row-table';
import type { LogitTable } from '../../ced/logits/logit-table';
import { topK } from '../../ced/logits/top-k';
import { TeacherAgreement, type TeacherPair } from '../../ced/metrics/teacher-agreement';
import type { PredictionInput } from '../../ced/model/prediction-input';
import { rowsOf } from '../../ced/model/rows';
import { combine, type TeacherOutput } from '../../ced/teachers/ensemble';
import type { Prediction } from '../../ced/teachers/prediction';
import { LeftOutChunks, type LeftOut } from '../../ced/teachers/left-out-chunks';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import { isSilentChunk } from '../../storage/outputs/silent-chunk';
import { PermanentError } from '../../workflows/contract/failures';
import { progressMeter } from '../../workflows/contract/progress-meter';
import type { LogitsSettings } from '../../workflows/contract/run-file-sections';
import { chunkBatches, type ChunkBatch, type ChunkRow } from '../chunk-batches';
import { throwIfStopped, type JobContext } from '../job-context';
import type { MappedModel } from '../mapped-model';
import type { ShardTeacher } from './shard-teacher';

export interface Ensemble {
  teachers: readonly ShardTeacher[];
  /** All that predict here, in this run or an earlier one: batches depend on them. */
  models: readonly MappedModel[];
}

export interface ShardPrediction {
  table: LogitTable;
  agreement: TeacherPair[];
  /** Chunks without rows; null = none. */
  leftOut: LeftOut | null;
}

/** A view of a chunk. */
interface ViewRow extends ChunkRow {
  /** In the table. */
  row: number;
  /** Number in the clip; `chunk` is its place. */
  chunkRow: number;
  parameters: AugmentParameters;
}

/**
 * @param afterBatch awaited after each batch
 * @throws {EngineStopped} after the batch in progress, when the job was told to stop
 */
export async function predictShard(
  context: JobContext,
  audio: CorpusAudio,
  { teachers, models }: Ensemble,
  settings: LogitsSettings,
  afterBatch: () => Promise<void>,
): Promise<ShardPrediction> {
  const { rows, table } = viewsOf(audio, settings);
  const leftOut = new LeftOutChunks();
  const agreement = new TeacherAgreement(
    teachers.length,
    teachers.map(({ missing }) => missing),
  );
  const progress = progressMeter('rows', table.rows, context.monotonicMs);
  const isPredicted = teachers.some(({ predicting }) => predicting !== null);
  const write = isPredicted ? writeShifted : null;
  const isSilent = async (row: number): Promise<boolean> =>
    await isSilentChunk(audio, rows[row]!.clip, rows[row]!.chunk);
  let done = 0;
  for await (const batch of chunkBatches(audio, rows, models, write)) {
    const outputs = await predict(teachers, batch, isSilent);
    const usable = leftOut.usable(outputs, batch.rows);
    keep(outputs, usable, batch.rows, audio.vocabulary.length, table, agreement);
    done += batch.rows.length;
    context.onProgress(progress(done));
    await afterBatch();
    await throwIfStopped(context);
  }
  if (done !== table.rows)
    throw new PermanentError(
      'LogitsMismatch',
      `shard ${audio.audioShards[0]}: ${table.rows} rows planned, ${done} predicted`,
    );
  const without = rows.filter(({ chunk }) => leftOut.has(chunk)).map(({ row }) => row);
  return {
    table: table.finish(new Set(without)),
    agreement: agreement.finish(),
    leftOut: leftOut.notes(rows),
  };
}

function writeShifted(
  { parameters }: ViewRow,
  pcm: Int16Array,
  out: Int16Array,
  rate: number,
): void {
  shiftInto(pcm, shiftAtRate(parameters.shift, rate, pcm.length), out, 0);
}

/** Every view of every chunk in table order, with the augmentation it is predicted under. */
function viewsOf(
  audio: CorpusAudio,
  settings: LogitsSettings,
): { rows: ViewRow[]; table: RowTable } {
  const chunks = audio.clips.reduce((sum, clip) => sum + clip.chunks.length, 0);
  const table = new RowTable(chunks * settings.views, settings.topK);
  const rows: ViewRow[] = [];
  for (const drawn of drawViews(audio.clips, settings)) {
    const { clip, clipRow, chunk, chunkRow, view, parameters } = drawn;
    table.setParameters(rows.length, clipRow, chunkRow, view, parameters);
    rows.push({ clip, chunk, chunkRow, row: rows.length, parameters });
  }
  return { rows, table };
}

interface NamedOutput extends TeacherOutput, Pick<Prediction, 'faults'> {
  name: string;
}

async function predict(
  teachers: readonly ShardTeacher[],
  { rows, inputs }: ChunkBatch<ViewRow>,
  isSilent: (row: number) => Promise<boolean>,
): Promise<NamedOutput[]> {
  const masks = masksToInt32(rows.map(({ parameters }) => parameters));
  // One object for all teachers of a rate: they share its spectrograms.
  const augmented = new Map<number, PredictionInput>();
  for (const [rate, input] of inputs) augmented.set(rate, { ...input, masks });
  const numbers = rows.map(({ row }) => row);
  return await Promise.all(
    teachers.map(async (teacher) => ({
      ...(await teacher.predict(numbers, augmented, isSilent)),
      output: 'probabilities' as const,
      name: teacher.name,
      weight: teacher.weight,
      missing: teacher.missing,
    })),
  );
}

/** Puts the top-K of the outputs' mean into the table. */
function keep(
  outputs: readonly TeacherOutput[],
  usable: readonly number[],
  rows: readonly ViewRow[],
  classes: number,
  table: RowTable,
  agreement: TeacherAgreement,
): void {
  if (usable.length === 0) return;
  const kept = outputs.map((output) => ({
    ...output,
    values: rowsOf(output.values, usable, classes),
  }));
  const values = kept.map((output) => output.values);
  agreement.add(values, usable.length, classes);
  const mean = combine(kept, usable.length, classes);
  usable.forEach((row, at) =>
    table.setTop(rows[row]!.row, topK(mean.subarray(at * classes, (at + 1) * classes), table.topK)),
  );
}
