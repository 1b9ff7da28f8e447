/**
 * The sealed corpus as the engine's jobs see it: clips of one split in shard order, their chunks, and reads of int16 samples at an offset
 * from local shard files. Nothing is held in memory but the tables. A shard whose bytes do not hash to its name is set aside on opening.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, read, readSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { npyHeaderBytes, parseNpyInt16Header } from '../../ced/audio/npy';
import type { Split } from '../../workflows/contract/activities';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import { sampleRate } from '../../ced/audio/mono16k';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { readCorpusClips, type CorpusClip, type CorpusClips } from './corpus-clips';
import { layout } from '../storage/layout';
import { setAside } from '../storage/set-aside';
import { ObjectMissing, sha256, type Store } from '../storage/store';

interface OpenShard {
  audioSha256: string;
  file: number;
  dataOffset: number;
}

export class CorpusAudio implements CorpusClips {
  readonly vocabulary: Vocabulary;
  readonly clips: CorpusClip[];
  readonly contentSha256: string;
  readonly audioShards: string[];

  private constructor(
    { vocabulary, clips, contentSha256, audioShards }: CorpusClips,
    private readonly shards: OpenShard[],
  ) {
    [this.vocabulary, this.clips, this.contentSha256, this.audioShards] = [vocabulary, clips, contentSha256, audioShards];
  }

  /** Opens a whole split, or one shard of it. @throws {StoreDamaged} naming every shard that is not what its name says */
  static async open(store: Store, planKey: string, split: Split, only?: number): Promise<CorpusAudio> {
    const corpus = await readCorpusClips(store, planKey, split, only);
    const shards: OpenShard[] = [];
    const damages: Damage[] = [];
    for (const [shard, audioSha256] of corpus.audioShards.entries()) {
      const open = await openShard(store, audioSha256);
      if (open) shards.push(open);
      else damages.push({ kind: 'audio', split, shard: shard + (only ?? 0) });
    }
    if (damages.length > 0) {
      for (const { file } of shards) closeSync(file);
      throw new StoreDamaged(damages, `${store.uri}: ${damages.length} audio shards of ${split} are damaged or missing`);
    }
    return new CorpusAudio(corpus, shards);
  }

  /** Reads one chunk's samples into `out` at `at`. */
  read(clip: CorpusClip, chunk: { start: number; length: number }, out: Int16Array, at = 0): void {
    const { shard, position } = this.locate(clip, chunk);
    const bytes = new Uint8Array(out.buffer, out.byteOffset + at * 2, chunk.length * 2);
    if (readSync(shard.file, bytes, 0, bytes.length, position) !== bytes.length) throw endsTooEarly(clip, shard);
  }

  /** As `read`, by another thread: the caller may compute meanwhile. @returns int16 [chunk.length] */
  async readLater(clip: CorpusClip, chunk: { start: number; length: number }): Promise<Int16Array> {
    const { shard, position } = this.locate(clip, chunk);
    const pcm = new Int16Array(chunk.length);
    const { bytesRead } = await readLater(shard.file, new Uint8Array(pcm.buffer), 0, pcm.byteLength, position);
    if (bytesRead !== pcm.byteLength) throw endsTooEarly(clip, shard);
    return pcm;
  }

  close(): void {
    for (const shard of this.shards) closeSync(shard.file);
  }

  private locate(clip: CorpusClip, chunk: { start: number }): { shard: OpenShard; position: number } {
    const shard = this.shards[clip.shard];
    if (!shard) throw new Error(`${clip.clip}: shard ${clip.shard} is not open`);
    return { shard, position: shard.dataOffset + (clip.offset + chunk.start) * 2 };
  }
}

const readLater = promisify(read);

function endsTooEarly({ clip }: CorpusClip, { audioSha256 }: OpenShard): Error {
  return new Error(`${clip}: audio shard ${audioSha256} ends too early`);
}

/** Longest chunk of a plan, in samples. */
export function chunkSamples(chunkSeconds: number): number {
  return Math.round(chunkSeconds * sampleRate);
}

/** Files whose bytes were hashed by this process. */
const verified = new Set<string>();

/** null when it is damaged, and then it has been set aside, or missing. */
async function openShard(store: Store, audioSha256: string): Promise<OpenShard | null> {
  const path = await soundFile(store, audioSha256);
  if (path === null) return null;
  const file = openSync(path, 'r');
  const head = new Uint8Array(npyHeaderBytes);
  readSync(file, head, 0, head.length, 0);
  return { audioSha256, file, dataOffset: parseNpyInt16Header(head).dataOffset };
}

async function soundFile(store: Store, audioSha256: string): Promise<string | null> {
  const key = layout.audio(audioSha256);
  for (let tries = 0; tries < 2; tries++) {
    const path = await store.localFile(key).catch((error: unknown) => {
      if (error instanceof ObjectMissing) return null;
      throw error;
    });
    if (path === null) return null;
    const isCopy = !path.startsWith(store.uri);
    const { ino, size, mtimeMs } = await stat(path);
    // A copy's modification time is its last use.
    const version = [path, ino, size, isCopy ? 0 : mtimeMs].join(' ');
    if (verified.has(version)) return path;
    if ((await fileSha256(path)) === audioSha256) {
      verified.add(version);
      return path;
    }
    if ((await setAside(store, key, (bytes) => sha256(bytes) === audioSha256)) !== 'sound') return null;
    // The object is sound: the copy was bad, or somebody mended it meanwhile.
    if (isCopy) await rm(path, { force: true });
  }
  throw new Error(`${key}: the store's object is sound, its copy on this machine is damaged again and again; look at the disk`);
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}
