/**
 * Turns the authors' published logits into logit shards like those that an ensemble of one's own
 * would have left, beside the corpus's audio: probabilities bit by bit, and the parameters that
 * each published seed draws. Shards that are there already are left alone.
 */
import { resolve } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { chunkPlan } from '../ced/audio/chunks';
import { canonicalJson } from '../ced/canonical-json';
import { publishedAugmentation } from '../ced/logits/published/replay';
import type { PublishedRows } from '../ced/logits/published/published-file';
import { encodeLogitShard } from '../ced/logits/shard-file';
import type { ImportedLogits, ImportLogitsInput } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';
import { readIngest } from '../storage/corpus/ingest-manifest';
import { readPlan, readPlannedListing } from '../storage/corpus/plan-manifest';
import { progressMeter } from '../workflows/contract/progress-meter';
import { layout } from '../storage/layout';
import { createAnew, createRecordOrAdopt, readRecordOrQuarantine } from '../storage/quarantine';
import { sha256, type Store } from '../storage/store';
import { descriptionRecord } from '../storage/logits/logits-description';
import { logitsRecord, type LogitsManifest } from '../storage/logits/stored-shard';
import { PublishedJoin, type JoinClip, type PublishedRowAt } from './published/published-join';
import { PublishedSource } from './published/published-source';
import { RowTable } from '../ced/logits/row-table';
import { readCorpus } from '../storage/corpus/corpus-manifest';

/** Raise it when the same published files come to mean other rows. */
const importVersion = 1;

interface CorpusShard {
  audioSha256: string;
  clips: JoinClip[];
}

export async function importPublishedLogits(
  deps: ActivityDependencies,
  input: ImportLogitsInput,
  onProgress: (progress: LiveProgress) => void,
): Promise<ImportedLogits> {
  const startedMs = deps.monotonicMs();
  const store = deps.openStore(input.store);
  const source = await PublishedSource.open(
    resolve(deps.root, input.published),
    deps.sources?.retry,
  );
  const { shards, chunkSeconds, classes } = await readTrainShards(store, input.planKey);
  const reading = progressMeter('files', 2 * source.parts.length, deps.monotonicMs);
  let read = 0;
  const onPart = (): void => {
    deps.signal?.throwIfAborted();
    deps.sources?.retry?.onBytes?.();
  };
  const fileRead = async (): Promise<void> => {
    onProgress({ ...reading(++read), phase: 'reading' });
    await yieldToEventLoop();
    onPart();
  };
  const description = {
    importVersion,
    published: await source.fingerprint(fileRead),
    chunkSeconds,
    views: source.views,
  };
  const key = sha256(canonicalJson(description));
  const join = new PublishedJoin(
    shards.flatMap(({ clips }) => clips),
    source.views,
  );
  for (const [index, part] of source.parts.entries()) {
    join.add(index, part.view, `${part.path}.parquet`, await source.spans(part));
    await fileRead();
  }

  const imported: ImportedLogits = {
    logitsKey: key,
    rows: 0,
    views: source.views,
    topK: 0,
    bytes: 0,
    chunks: 0,
    chunksWithout: 0,
    seconds: 0,
  };
  const progress = progressMeter('shards', shards.length, deps.monotonicMs);
  let firstClip = 0;
  for (const [done, shard] of shards.entries()) {
    const covered = shard.clips.flatMap(({ chunks }, clipRow) =>
      chunks.flatMap(({ length }, chunk) => {
        const rows = join.rowsOf(firstClip + clipRow, chunk);
        return rows ? [{ clipRow, chunk, length, rows }] : [];
      }),
    );
    firstClip += shard.clips.length;
    const manifest = await writeShard(store, source, covered, {
      key,
      audioSha256: shard.audioSha256,
      classes,
      onPart,
    });
    imported.rows += manifest.rowsWritten;
    imported.bytes += manifest.bytes;
    imported.chunks += covered.length;
    imported.chunksWithout +=
      shard.clips.reduce((sum, { chunks }) => sum + chunks.length, 0) - covered.length;
    onProgress(progress(done + 1));
    await yieldToEventLoop();
    onPart();
  }
  if (imported.chunks === 0) {
    const { foreign, otherLength } = join.unused;
    throw new PermanentError(
      'LogitsMismatch',
      `logits.published: ${source.folder} has every pass of no chunk of corpus.train ` +
        `(${foreign} of its rows name other clips, ${otherLength} other lengths), expected its ` +
        'audio under the published file names',
    );
  }
  await createRecordOrAdopt(store, layout.logitsDescription(key), descriptionRecord, description);
  imported.topK = (await source.rows(0)).topK;
  imported.seconds = (deps.monotonicMs() - startedMs) / 1000;
  return imported;
}

async function readTrainShards(
  store: Store,
  planKey: string,
): Promise<{ shards: CorpusShard[]; chunkSeconds: number; classes: number }> {
  const corpus = await readCorpus(store, planKey);
  const plan = await readPlan(store, planKey);
  const shards: CorpusShard[] = [];
  for (const [shard, { ingest, audioSha256 }] of (corpus.splits.train?.shardsOf ?? []).entries()) {
    const listing = await readPlannedListing(store, { planKey, ...plan }, 'train', shard);
    const audioOf = new Map(listing.clips.map(({ clip, audio }) => [clip, audio]));
    const manifest = await readIngest(store, { split: 'train', shard, ingest, audioSha256 });
    const clips = manifest.clips.map(({ clip, samples }) => ({
      clip,
      audio: audioOf.get(clip) ?? clip,
      chunks: chunkPlan(samples, plan.chunkSeconds),
    }));
    shards.push({ audioSha256, clips });
  }
  return { shards, chunkSeconds: plan.chunkSeconds, classes: plan.vocabulary.length };
}

interface CoveredChunk {
  clipRow: number;
  chunk: number;
  length: number;
  rows: PublishedRowAt[];
}

async function writeShard(
  store: Store,
  source: PublishedSource,
  covered: CoveredChunk[],
  shard: { key: string; audioSha256: string; classes: number; onPart: () => void },
): Promise<LogitsManifest> {
  const { key, audioSha256, classes, onPart } = shard;
  const present = await readRecordOrQuarantine(
    store,
    layout.logitsManifest(key, audioSha256),
    logitsRecord,
  );
  if (present && (await store.exists(layout.logits(key, audioSha256)))) return present;
  const { topK } = await source.rows(0);
  const table = new RowTable(covered.length * source.views, topK);
  let row = 0;
  for (const { clipRow, chunk, length, rows } of covered)
    for (const [view, at] of rows.entries()) {
      const part = await source.rows(at.part);
      const where = `${source.parts[at.part]?.path}.h5`;
      const top = publishedTop(part, at.row, { topK, classes, where });
      const parameters = publishedAugmentation(part.seeds[at.row]!, length);
      table.setParameters(row, clipRow, chunk, view, parameters);
      table.setTop(row++, top);
    }
  const bytes = await encodeLogitShard(table.finish(), { onPart });
  // A function of the published files and the audio, too: what stands there and differs is damaged.
  await createAnew(store, layout.logits(key, audioSha256), bytes);
  // No `seconds`: the manifest is a function of the published files and the audio, no
  // matter which attempt writes it.
  const manifest: LogitsManifest = {
    formatVersion: 1,
    rowsPlanned: table.rows,
    rowsWritten: row,
    sha256: sha256(bytes),
    bytes: bytes.byteLength,
    seconds: 0,
  };
  await createRecordOrAdopt(store, layout.logitsManifest(key, audioSha256), logitsRecord, manifest);
  return manifest;
}

/**
 * One row in our order: by probability, ties by lower class. @throws {PermanentError}
 * LogitsMismatch when it has another K or names no class of the vocabulary
 */
function publishedTop(
  part: PublishedRows,
  row: number,
  expected: { topK: number; classes: number; where: string },
): { indexes: Uint16Array; values: Uint16Array } {
  const { topK, classes, where } = expected;
  if (part.topK !== topK)
    throw new PermanentError(
      'LogitsMismatch',
      `${where}: ${part.topK} probabilities a row, ${topK} in the first file`,
    );
  if (row >= part.rows)
    throw new PermanentError(
      'LogitsMismatch',
      `${where}: ${part.rows} rows, its .parquet names row ${row}`,
    );
  const pairs = Array.from({ length: topK }, (_, rank) => ({
    index: part.indexes[row * topK + rank]!,
    half: part.values[row * topK + rank]!,
  }));
  const wrong = pairs.find(({ index, half }) => index < 0 || index >= classes || half > 0x3c00);
  if (wrong)
    throw new PermanentError(
      'LogitsMismatch',
      `${where}: row ${row} gives class ${wrong.index} the float16 bits ${wrong.half}, ` +
        `expected classes below ${classes} and probabilities`,
    );
  if (new Set(pairs.map(({ index }) => index)).size < topK)
    throw new PermanentError('LogitsMismatch', `${where}: row ${row} names a class twice`);
  pairs.sort((a, b) => b.half - a.half || a.index - b.index);
  return {
    indexes: Uint16Array.from(pairs, ({ index }) => index),
    values: Uint16Array.from(pairs, ({ half }) => half),
  };
}
