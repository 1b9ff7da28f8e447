/**
 * Batches of chunks for models, read from the corpus while the models compute: the next batch is on
 * its way when one is handed out, so two are in memory, whatever lengths there are.
 */
import type { Chunk } from '../ced/audio/chunks';
import { sampleRate as usualRate } from '../ced/audio/mono16k';
import { chunkAtRate } from '../ced/audio/sample-rates';
import type { CorpusClip } from '../ced/corpus/corpus-clip';
import { planBatches, type LengthBatch, type LengthGrouping } from '../ced/corpus/length-batches';
import type { PredictionInput } from '../ced/model/prediction-input';
import { rateOf } from '../ced/teachers/waveform-windows';
import type { CorpusAudio } from '../storage/corpus/corpus-audio';
import { mapOrdered } from '../storage/map-ordered';
import type { MappedModel } from './mapped-model';

/** One row of a batch to come. */
export interface ChunkRow {
  clip: CorpusClip;
  chunk: Chunk;
}

export interface ChunkBatch<Row> {
  rows: Row[];
  /** The same rows at the sample rate of each model, Hz. */
  inputs: ReadonlyMap<number, Omit<PredictionInput, 'masks'>>;
}

/** A model that batches are for. `sampleRate`: Hz; absent = 16 kHz. */
export type BatchedModel = Pick<MappedModel, 'frontEnd'> & { readonly sampleRate?: number };

/** Writes a chunk's samples at a rate to its row, as they are or shifted. */
type WriteRow<Row> = (row: Row, pcm: Int16Array, out: Int16Array, rate: number) => void;

const BATCH_ROWS = 64;
const BATCHES_IN_MEMORY = 2;
/** Chunks of a batch that are read at once. */
const READ_AT_ONCE = 16;

/**
 * Every row once.
 * @param models that the batches are for
 * @param write null = nobody predicts: no audio is read, and there are no inputs
 */
export async function* chunkBatches<Row extends ChunkRow>(
  audio: CorpusAudio,
  rows: readonly Row[],
  models: readonly BatchedModel[],
  write: WriteRow<Row> | null,
): AsyncGenerator<ChunkBatch<Row>> {
  const grouping = groupingFor(models);
  const lengths = rows.map(({ chunk }) => chunk.length);
  const batches = planBatches(lengths, BATCH_ROWS, grouping);
  const rates = write === null ? [] : [...new Set(models.map(rateOf))];
  await audio.openRates(rates);
  yield* mapOrdered(batches, BATCHES_IN_MEMORY, async (batch) => {
    const ofBatch = batch.items.map((item) => rows[item]!);
    const inputs = new Map<number, Omit<PredictionInput, 'masks'>>();
    if (write !== null)
      for (const rate of rates)
        inputs.set(rate, await readBatch(audio, ofBatch, shapeAt(batch, ofBatch, rate), write));
    return { rows: ofBatch, inputs };
  });
}

/** What a model takes of a batch. */
export function inputFor<Row>(
  { inputs }: ChunkBatch<Row>,
  model: BatchedModel,
): Omit<PredictionInput, 'masks'> {
  const input = inputs.get(rateOf(model));
  if (!input) throw new Error(`the batch has no samples at ${rateOf(model)} Hz`);
  return input;
}

type BatchShape = Pick<PredictionInput, 'samples' | 'lengths'> & { rate: number };

/** At 16 kHz as planned; chunks of one length there may differ by a sample at another rate. */
function shapeAt(batch: LengthBatch, rows: readonly ChunkRow[], rate: number): BatchShape {
  const lengths = Int32Array.from(rows, ({ chunk }) => chunkAtRate(chunk, rate).length);
  const samples = Math.max(...lengths);
  const isOneLength =
    rate === usualRate ? batch.isOneLength : lengths.every((length) => length === samples);
  return { rate, samples, lengths: isOneLength ? undefined : lengths };
}

/** Networks that take waveforms get clips of one length at a time. */
export function groupingFor(models: readonly BatchedModel[]): LengthGrouping {
  return models.every(({ frontEnd }) => frontEnd === 'waveform') ? 'samples' : 'patches';
}

async function readBatch<Row extends ChunkRow>(
  audio: CorpusAudio,
  rows: readonly Row[],
  { rate, samples, lengths }: BatchShape,
  write: WriteRow<Row>,
): Promise<Omit<PredictionInput, 'masks'>> {
  const pcm = new Int16Array(rows.length * samples);
  let at = 0;
  const read = async (views: Row[]): Promise<{ views: Row[]; pcm: Int16Array }> => {
    const { clip, chunk } = views[0]!;
    return { views, pcm: await audio.readAtRate(clip, chunk, rate) };
  };
  for await (const chunk of mapOrdered(viewsOfChunks(rows), READ_AT_ONCE, read))
    for (const row of chunk.views) {
      write(row, chunk.pcm, pcm.subarray(at * samples, at * samples + chunk.pcm.length), rate);
      at++;
    }
  return { pcm, batch: rows.length, samples, lengths };
}

/** Rows in a row of the same chunk, which is read once for them. */
function viewsOfChunks<Row extends ChunkRow>(rows: readonly Row[]): Row[][] {
  const chunks: Row[][] = [];
  for (const row of rows) {
    const last = chunks.at(-1);
    if (last?.[0]?.chunk === row.chunk) last.push(row);
    else chunks.push([row]);
  }
  return chunks;
}
