/**
 * The finalized corpus as the engine's jobs see it: clips of one split in shard order, their
 * chunks, and reads of int16 samples at an offset from local shard files. Opening it reads tables
 * alone. A shard is brought to this machine, and a clip hashed, right before its first use: no clip
 * is used unverified, and no shard is awaited before it is needed.
 */
import { counted } from '../../ced/counted';
import { createHash } from 'node:crypto';
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { npyHeaderBytes } from '../../ced/audio/npy';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import { sampleRate } from '../../ced/audio/mono16k';
import { chunkAtRate } from '../../ced/audio/sample-rates';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { mapOrdered } from '../map-ordered';
import type { ObjectCache } from '../object-cache';
import { clipsAtRate } from './clips-at-rate';
import { readCorpusClips } from './corpus-clips';
import { damagedShards, type ProgressOfShards } from './damaged-shards';
import { isShardHeadIntact } from './shard-head';
import { layout } from '../layout';
import { ObjectMissing, type Store } from '../store';
import type { Split } from '../../workflows/contract/models';
import type { CorpusClip, CorpusClips } from '../../ced/corpus/corpus-clip';

interface OpenShard {
  file: number;
  /** Of clips that hash to their names. */
  verifiedOffsets: Set<number>;
  /** By offset: the hashing that others who need the same clip wait for. */
  verifying: Map<number, Promise<boolean>>;
}

/** Receives the progress of the check of all shards; its cache keeps whole splits. */
interface Job extends ProgressOfShards {
  cache: ObjectCache;
}

/** A read that `close` cut off. */
export class CorpusClosed extends Error {
  override readonly name = 'CorpusClosed';
  constructor(split: Split) {
    super(`the audio of ${split} is closed`);
  }
}

/** The same clips at a further sample rate. */
interface AudioAtRate {
  audio: CorpusAudio;
  /** By the clip at 16 kHz. */
  clipOf: Map<CorpusClip, CorpusClip>;
}

/** Clips that are hashed, and shards that are brought, at once. */
const AT_ONCE = 8;
const PART_BYTES = 1 << 20;

const readFile = promisify(read);

export class CorpusAudio implements CorpusClips {
  readonly vocabulary: Vocabulary;
  readonly clips: CorpusClip[];
  readonly contentSha256: string;
  readonly audioShards: string[];
  /** null where it is missing or torn. */
  private readonly shards = new Map<number, Promise<OpenShard | null>>();
  private readonly opened = new Map<number, OpenShard>();
  private readonly files: number[] = [];
  private looking: Promise<Damage[]> | null = null;
  /** Reads that other threads are at: no file is closed under them. */
  private readonly reading = new Set<Promise<unknown>>();
  private closed = false;
  private readonly rates = new Map<number, AudioAtRate>();

  private constructor(
    { vocabulary, clips, contentSha256, audioShards }: CorpusClips,
    private readonly place: {
      store: Store;
      planKey: string;
      split: Split;
      only: number | undefined;
      job: Job | null;
    },
  ) {
    [this.vocabulary, this.clips, this.contentSha256, this.audioShards] = [
      vocabulary,
      clips,
      contentSha256,
      audioShards,
    ];
  }

  /** A whole split, or one shard of it. */
  static async open(
    store: Store,
    planKey: string,
    split: Split,
    { only, job = null }: { only?: number | undefined; job?: Job | null } = {},
  ): Promise<CorpusAudio> {
    const corpus = await readCorpusClips(store, planKey, split, { only, cache: job?.cache });
    return new CorpusAudio(corpus, { store, planKey, split, only, job });
  }

  /**
   * Opens the same clips at further rates, for `readAtRate`.
   * @param rates Hz; those that are open already, and 16 kHz, are passed over
   * @returns the name of their content at each rate
   * @throws {StoreDamaged} naming a shard that is not kept at a rate
   */
  async openRates(rates: readonly number[]): Promise<string[]> {
    const contents: string[] = [];
    for (const rate of rates) {
      if (rate !== sampleRate && !this.rates.has(rate)) {
        const audio = new CorpusAudio(
          await clipsAtRate(this.place.store, this.place, this, rate),
          this.place,
        );
        const clipOf = new Map(this.clips.map((clip, row) => [clip, audio.clips[row]!]));
        this.rates.set(rate, { audio, clipOf });
      }
      contents.push((this.rates.get(rate)?.audio ?? this).contentSha256);
    }
    return contents;
  }

  /**
   * As `readLater`, at a rate that is open.
   * @param clip of these clips
   * @param chunk at 16 kHz
   * @returns int16 samples of the same time at `rate`
   */
  async readAtRate(
    clip: CorpusClip,
    chunk: { start: number; length: number },
    rate: number,
  ): Promise<Int16Array> {
    if (rate === sampleRate) return await this.readLater(clip, chunk);
    const { audio, clipOf } = this.rates.get(rate) ?? {};
    const own = clipOf?.get(clip);
    if (!audio || !own) throw new Error(`${clip.clip} is read at ${rate} Hz before that is open`);
    return await audio.readLater(own, chunkAtRate(chunk, rate));
  }

  /**
   * Brings what these clips need to this machine and hashes those that were not asked for before.
   * @throws {StoreDamaged} naming every shard of the split that is not what its name says, or is
   *   missing
   */
  async ready(clips: readonly CorpusClip[]): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      let verified = true;
      const unverified = clips.filter((clip) => !this.isVerified(clip));
      for await (const each of mapOrdered(unverified, AT_ONCE, (clip) => this.verify(clip)))
        verified &&= each;
      if (verified) return;
      const { store, split } = this.place;
      const damages = await (this.looking ??= damagedShards(
        store,
        this.audioShards,
        this.place,
        () => this.throwIfClosed(),
      ).finally(() => (this.looking = null)));
      if (damages.length > 0)
        throw new StoreDamaged(
          damages,
          `${store.uri}: ` +
            counted(damages.length, 'audio shard', 'audio shards') +
            ` of ${split} damaged or missing`,
        );
      // A copy was damaged and is deleted, or another process has repaired the shard.
      this.shards.clear();
      this.opened.clear();
    }
    throw new Error(
      `${this.place.store.uri}: audio shards are intact, their copies on this machine are ` +
        'damaged again and again; look at the disk',
    );
  }

  /** Reads one chunk's samples of a clip that is `ready` into `out` at `at`. */
  read(clip: CorpusClip, chunk: { start: number; length: number }, out: Int16Array, at = 0): void {
    const { file, position } = this.locate(clip, chunk);
    const bytes = new Uint8Array(out.buffer, out.byteOffset + at * 2, chunk.length * 2);
    if (readSync(file, bytes, 0, bytes.length, position) !== bytes.length) throw endsTooEarly(clip);
  }

  /**
   * As `ready` and `read`, by another thread: the caller may compute meanwhile.
   * @returns int16 [chunk.length]
   * @throws {CorpusClosed} when `close` is called meanwhile
   */
  async readLater(clip: CorpusClip, chunk: { start: number; length: number }): Promise<Int16Array> {
    if (chunk.length === clip.samples && !this.isVerified(clip)) {
      const whole = await this.readVerifying(clip);
      if (whole !== null) return whole;
    }
    await this.ready([clip]);
    const { file, position } = this.locate(clip, chunk);
    const pcm = new Int16Array(chunk.length);
    const bytesRead = await this.readAt(file, new Uint8Array(pcm.buffer), position);
    if (bytesRead !== pcm.byteLength) throw endsTooEarly(clip);
    return pcm;
  }

  /**
   * Ends reads that wait for a shard to arrive with `CorpusClosed`, waits for those that are
   * reading a file, and closes the files.
   */
  async close(): Promise<void> {
    this.closed = true;
    for (const { audio } of this.rates.values()) await audio.close();
    await Promise.allSettled(this.reading);
    for (const file of this.files.splice(0)) closeSync(file);
  }

  private throwIfClosed(): void {
    if (this.closed) throw new CorpusClosed(this.place.split);
  }

  private async readAt(file: number, into: Uint8Array, position: number): Promise<number> {
    this.throwIfClosed();
    const reading = readFile(file, into, 0, into.length, position);
    this.reading.add(reading);
    try {
      return (await reading).bytesRead;
    } finally {
      this.reading.delete(reading);
    }
  }

  private locate(clip: CorpusClip, chunk: { start: number }): { file: number; position: number } {
    this.throwIfClosed();
    const shard = this.opened.get(clip.shard);
    if (!shard || !this.isVerified(clip))
      throw new Error(`${clip.clip} is read before it is ready`);
    return { file: shard.file, position: npyHeaderBytes + (clip.offset + chunk.start) * 2 };
  }

  private isVerified({ shard, offset }: CorpusClip): boolean {
    return this.opened.get(shard)?.verifiedOffsets.has(offset) === true;
  }

  private async verify(clip: CorpusClip): Promise<boolean> {
    const shard = await this.shard(clip.shard);
    if (shard === null) return false;
    const { verifiedOffsets, verifying } = shard;
    if (verifiedOffsets.has(clip.offset)) return true;
    let verification = verifying.get(clip.offset);
    if (verification === undefined) {
      verification = this.isIntact(shard, clip).finally(() => verifying.delete(clip.offset));
      verifying.set(clip.offset, verification);
    }
    return await verification;
  }

  /** @param into receives the clip; parts of it, one in place of the other, where it is shorter */
  private async isIntact(
    shard: OpenShard,
    { offset, samples, sha256: expected }: CorpusClip,
    into = new Uint8Array(Math.min(PART_BYTES, samples * 2)),
  ): Promise<boolean> {
    const hash = createHash('sha256');
    for (let done = 0; done < samples * 2;) {
      const at = done % into.length;
      const wanted = into.subarray(at, at + samples * 2 - done);
      const bytesRead = await this.readAt(shard.file, wanted, npyHeaderBytes + offset * 2 + done);
      if (bytesRead === 0) return false;
      hash.update(wanted.subarray(0, bytesRead));
      done += bytesRead;
    }
    if (hash.digest('hex') !== expected) return false;
    shard.verifiedOffsets.add(offset);
    return true;
  }

  /** Reads a clip once for its hash and for its samples. @returns null where it is not intact */
  private async readVerifying(clip: CorpusClip): Promise<Int16Array | null> {
    const shard = await this.shard(clip.shard);
    if (shard === null) return null;
    const pcm = new Int16Array(clip.samples);
    return (await this.isIntact(shard, clip, new Uint8Array(pcm.buffer))) ? pcm : null;
  }

  private shard(index: number): Promise<OpenShard | null> {
    const known = this.shards.get(index);
    if (known) return known;
    const opening = this.openShard(index);
    this.shards.set(index, opening);
    opening.catch(() => this.shards.delete(index));
    return opening;
  }

  private async openShard(index: number): Promise<OpenShard | null> {
    const path = await this.place.store
      .localFile(layout.audio(this.audioShards[index] ?? ''), { immutable: true })
      .catch((error: unknown) => {
        if (error instanceof ObjectMissing) return null;
        throw error;
      });
    this.throwIfClosed();
    if (path === null) return null;
    const file = openSync(path, 'r');
    this.files.push(file);
    if (!isShardHeadIntact(file)) return null;
    const shard = { file, verifiedOffsets: new Set<number>(), verifying: new Map() };
    this.opened.set(index, shard);
    return shard;
  }
}

function endsTooEarly({ clip }: CorpusClip): Error {
  return new Error(`${clip}: its audio shard ends too early`);
}

/** Longest chunk of a plan, in samples. */
export function chunkSamples(chunkSeconds: number): number {
  return Math.round(chunkSeconds * sampleRate);
}
