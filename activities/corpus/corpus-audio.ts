/**
 * The sealed corpus as the engine's jobs see it: clips of one split in shard order, their chunks, and reads of int16 samples at an offset
 * from local shard files. Nothing is held in memory but the tables. A shard whose bytes do not hash to its name is refused on opening.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { chunkPlan } from '../../ced/audio/chunks';
import { npyHeaderBytes, parseNpyInt16Header } from '../../ced/audio/npy';
import type { Split } from '../../workflows/contract/activities';
import type { IngestManifest } from '../download/ingest-shard';
import { sampleRate } from '../../ced/audio/mono16k';
import type { CorpusManifest } from '../download/seal-corpus';
import { canonicalJson } from '../../ced/logits/content-key';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { layout } from '../storage/layout';
import { readJson, sha256, type Store } from '../storage/store';

export interface CorpusClip {
  clip: string;
  sha256: string;
  labels: number[] | null;
  chunks: { start: number; length: number }[];
  shard: number;
  offset: number;
}

interface OpenShard {
  audioSha256: string;
  file: number;
  dataOffset: number;
}

export class CorpusAudio {
  private constructor(
    readonly vocabulary: Vocabulary,
    readonly clips: CorpusClip[],
    /** Names what was heard and what its labels are: the same content gives the same key. */
    readonly contentSha256: string,
    private readonly shards: OpenShard[],
  ) {}

  /** Opens a whole split, or one shard of it. */
  static async open(store: Store, planKey: string, split: Split, only?: number): Promise<CorpusAudio> {
    const corpus = await readJson<CorpusManifest>(store, layout.corpus(planKey));
    const entry = corpus.splits[split];
    if (!entry) throw new Error(`the corpus of plan ${planKey} has no ${split} split`);
    const chosen = only === undefined ? entry.shardsOf : entry.shardsOf.slice(only, only + 1);
    const shards: OpenShard[] = [];
    const clips: CorpusClip[] = [];
    for (const [shard, { ingest }] of chosen.entries()) {
      const manifest = await readJson<IngestManifest>(store, ingest);
      shards.push(await openShard(store, manifest.audioSha256));
      for (const { clip, sha256: clipSha256, labels, samples, offset } of manifest.clips)
        clips.push({ clip, sha256: clipSha256, labels, offset, shard, chunks: chunkPlan(samples, corpus.chunkSeconds) });
    }
    const content = {
      chunkSeconds: corpus.chunkSeconds,
      vocabulary: corpus.vocabulary,
      clips: clips.map((clip) => [clip.sha256, clip.labels]),
    };
    return new CorpusAudio(corpus.vocabulary, clips, sha256(canonicalJson(content)), shards);
  }

  /** SHA-256 of each shard's audio, in shard order. */
  get audioShards(): string[] {
    return this.shards.map((shard) => shard.audioSha256);
  }

  /** Reads one chunk's samples into `out` at `at`. */
  read(clip: CorpusClip, chunk: { start: number; length: number }, out: Int16Array, at = 0): void {
    const shard = this.shards[clip.shard];
    if (!shard) throw new Error(`${clip.clip}: shard ${clip.shard} is not open`);
    const bytes = new Uint8Array(out.buffer, out.byteOffset + at * 2, chunk.length * 2);
    const position = shard.dataOffset + (clip.offset + chunk.start) * 2;
    if (readSync(shard.file, bytes, 0, bytes.length, position) !== bytes.length)
      throw new Error(`${clip.clip}: audio shard ${shard.audioSha256} ends too early`);
  }

  close(): void {
    for (const shard of this.shards) closeSync(shard.file);
  }
}

/** Longest chunk of a plan, in samples. */
export function chunkSamples(chunkSeconds: number): number {
  return Math.round(chunkSeconds * sampleRate);
}

const verified = new Set<string>();

async function openShard(store: Store, audioSha256: string): Promise<OpenShard> {
  const path = await store.localFile(layout.audio(audioSha256));
  if (!verified.has(path)) {
    const hash = createHash('sha256');
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
    if (hash.digest('hex') !== audioSha256)
      throw new Error(`${path}: its bytes do not hash to its name; delete it and run again, it will be ingested anew`);
    verified.add(path);
  }
  const file = openSync(path, 'r');
  const head = new Uint8Array(npyHeaderBytes);
  readSync(file, head, 0, head.length, 0);
  return { audioSha256, file, dataOffset: parseNpyInt16Header(head).dataOffset };
}
