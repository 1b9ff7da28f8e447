/**
 * `npm run bench -- ingest --clips N`: plans, ingests and finalizes a corpus of many short clips,
 * and watches the memory.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestShard } from '../activities/ingest-shard';
import { finalizeCorpus } from '../activities/finalize-corpus';
import { planCorpus } from '../activities/plan-corpus';
import { encodeWav } from '../ced/audio/wav-file';
import { localDependencies } from '../activities/local-dependencies';

const CLIPS_PER_SHARD = 512;
const SAMPLES = 3200;
const REPORTS = 10;
/**
 * Memory settles while buffers find their size and code is compiled: growth counts from the second
 * report on.
 */
const ALLOWED_GROWTH_BYTES = 64e6;

/** @returns exit status: 1 when the memory grew */
export async function flatMemory(clips: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-flat-memory-'));
  try {
    writeCorpus(folder, clips);
    const deps = localDependencies(folder);
    const megabytes = (): string => (process.memoryUsage.rss() / 1e6).toFixed(0);
    const corpus = {
      train: 'clips.jsonl',
      vocabulary: 'classes.csv',
      clipsPerShard: CLIPS_PER_SHARD,
      maxRejected: 0,
    };
    process.stdout.write(`${clips} clips are written; ${megabytes()} MB resident\n`);
    const { planKey, splits } = await planCorpus(
      deps,
      { store: 'store', corpus, chunkSeconds: 10 },
      () => undefined,
    );
    process.stdout.write(`planned: ${megabytes()} MB\n`);
    const residents: number[] = [];
    const shards = splits.train?.shards ?? 0;
    for (let shard = 0; shard < shards; shard++) {
      await ingestShard(deps, { store: 'store', planKey, split: 'train', shard }, () => undefined);
      if ((shard + 1) % Math.max(1, Math.floor(shards / REPORTS)) !== 0) continue;
      residents.push(process.memoryUsage.rss());
      process.stdout.write(
        `${Math.min(clips, (shard + 1) * CLIPS_PER_SHARD)} clips ingested: ${megabytes()} MB\n`,
      );
    }
    await finalizeCorpus(deps, { store: 'store', planKey, chunkSeconds: 10, maxRejected: 0 });
    process.stdout.write(`finalized: ${megabytes()} MB\n`);
    const settled = residents.slice(1);
    const half = settled.length >> 1;
    const growth =
      Math.min(...settled.slice(half)) - Math.min(...settled.slice(0, Math.max(1, half)));
    process.stdout.write(`memory grew by ${(growth / 1e6).toFixed(1)} MB\n`);
    return growth > ALLOWED_GROWTH_BYTES ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** WAV of 0.2 s at 16 kHz, no two alike. */
function writeCorpus(folder: string, clips: number): void {
  const rows: string[] = [];
  const wav = encodeWav(new Int16Array(SAMPLES));
  for (let clip = 0; clip < clips; clip++) {
    const part = String(Math.floor(clip / 1000));
    if (clip % 1000 === 0) mkdirSync(join(folder, part));
    for (let sample = 0; sample < SAMPLES; sample += 8)
      wav.writeInt16LE(Math.imul(clip * SAMPLES + sample + 1, 2654435761) >> 17, 44 + sample * 2);
    writeFileSync(join(folder, part, `${clip}.wav`), wav);
    rows.push(
      JSON.stringify({ clip: String(clip), audio: `${part}/${clip}.wav`, labels: [clip % 2] }),
    );
  }
  writeFileSync(join(folder, 'clips.jsonl'), rows.join('\n'));
  writeFileSync(join(folder, 'classes.csv'), 'index,mid,display_name\n0,,even\n1,,odd\n');
}
