/**
 * Batches of chunks for models, read from the corpus while the models compute: the next batch is on
 * its way when one is handed out, so two are in memory, whatever lengths there are.
 */
import type { Chunk } from '../ced/audio/chunks';
import type { CorpusClip } from '../ced/corpus/corpus-clip';
import { planBatches, type LengthBatch } from '../ced/corpus/length-batches';
import type { PredictionInput } from '../ced/model/prediction-input';
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
  input: Omit<PredictionInput, 'masks'>;
}

/** Writes a chunk's samples to its row, as they are or shifted. */
type WriteRow<Row> = (row: Row, pcm: Int16Array, out: Int16Array) => void;

const BATCH_ROWS = 64;
const BATCHES_IN_MEMORY = 2;
/** Chunks of a batch that are read at once. */
const READ_AT_ONCE = 16;

/** Every row once. @param models that the batches are for */
export async function* chunkBatches<Row extends ChunkRow>(
  audio: CorpusAudio,
  rows: readonly Row[],
  models: readonly Pick<MappedModel, 'frontEnd'>[],
  write: WriteRow<Row>,
): AsyncGenerator<ChunkBatch<Row>> {
  // Networks that take waveforms get clips of one length at a time.
  const grouping = models.every(({ frontEnd }) => frontEnd === 'waveform') ? 'samples' : 'patches';
  const lengths = rows.map(({ chunk }) => chunk.length);
  const batches = planBatches(lengths, BATCH_ROWS, grouping);
  yield* mapOrdered(batches, BATCHES_IN_MEMORY, (batch) => readBatch(audio, rows, batch, write));
}

async function readBatch<Row extends ChunkRow>(
  audio: CorpusAudio,
  all: readonly Row[],
  { items, samples, isOneLength }: LengthBatch,
  write: WriteRow<Row>,
): Promise<ChunkBatch<Row>> {
  const rows = items.map((item) => all[item]!);
  const pcm = new Int16Array(rows.length * samples);
  let at = 0;
  const read = async (views: Row[]): Promise<{ views: Row[]; pcm: Int16Array }> => {
    const { clip, chunk } = views[0]!;
    return { views, pcm: await audio.readLater(clip, chunk) };
  };
  for await (const chunk of mapOrdered(viewsOfChunks(rows), READ_AT_ONCE, read))
    for (const row of chunk.views) {
      write(row, chunk.pcm, pcm.subarray(at * samples, at * samples + chunk.pcm.length));
      at++;
    }
  const lengths = isOneLength ? undefined : Int32Array.from(rows, ({ chunk }) => chunk.length);
  return { rows, input: { pcm, batch: rows.length, samples, lengths } };
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
