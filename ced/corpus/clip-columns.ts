/**
 * The clips of a split as columns in one file, which a machine keeps for itself: a training of two
 * million clips finds them in a second, where thousands of manifests are thousands of requests and
 * half a minute of parsing. A clip's fields are read from the columns when they are asked for. The
 * file ends with its own SHA-256.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { chunkPlan } from '../audio/chunks';
import { vocabularySchema } from '../teachers/vocabulary';
import type { CorpusClip, CorpusClips } from './corpus-clip';

const HASH_BYTES = 32;
/** Ends of a clip's labels where it has none at all, rather than none that apply. */
const UNLABELLED = 0xffffffff;

const headSchema = z.object({
  vocabulary: vocabularySchema,
  contentSha256: z.string(),
  audioShards: z.array(z.string()),
  chunkSeconds: z.number(),
  clips: z.number(),
  labels: z.number(),
});
type Head = z.output<typeof headSchema>;

interface Columns {
  chunkSeconds: number;
  /** uint32 [clips] each. `nameEnd` and `labelEnd` are where the next clip's begin. */
  shard: Uint32Array;
  offset: Uint32Array;
  samples: Uint32Array;
  labelCount: Uint32Array;
  labelEnd: Uint32Array;
  nameEnd: Uint32Array;
  labels: Uint32Array;
  /** 32 bytes a clip. */
  hashes: Buffer;
  names: Buffer;
}

/** The file's bytes. */
export function* encodeClips(
  { vocabulary, clips, contentSha256, audioShards }: CorpusClips,
  chunkSeconds: number,
): Generator<Uint8Array> {
  const numbers = Array.from({ length: 6 }, () => new Uint32Array(clips.length));
  const [shards, offsets, lengths, labelCounts, labelEnds, nameEnds] = numbers as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const hashes = Buffer.alloc(clips.length * HASH_BYTES);
  const labels: number[] = [];
  const names: Buffer[] = [];
  let nameBytes = 0;
  for (const [index, { clip, sha256, labels: own, samples, shard, offset }] of clips.entries()) {
    const name = Buffer.from(clip);
    names.push(name);
    for (const label of own ?? []) labels.push(label);
    hashes.write(sha256, index * HASH_BYTES, 'hex');
    [shards[index], offsets[index], lengths[index]] = [shard, offset, samples];
    [labelCounts[index], labelEnds[index], nameEnds[index]] = [
      own?.length ?? UNLABELLED,
      labels.length,
      (nameBytes += name.length),
    ];
  }
  const head: Head = {
    vocabulary,
    contentSha256,
    audioShards: [...audioShards],
    chunkSeconds,
    clips: clips.length,
    labels: labels.length,
  };
  const text = Buffer.from(JSON.stringify(head));
  const hash = createHash('sha256');
  // Padded, so that numbers can be read where they lie.
  const padded = Buffer.alloc(Math.ceil((4 + text.length) / 4) * 4, ' ');
  padded.writeUInt32LE(padded.length - 4);
  text.copy(padded, 4);
  for (const part of [padded, ...numbers, Uint32Array.from(labels), hashes, Buffer.concat(names)]) {
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    hash.update(bytes);
    yield bytes;
  }
  yield hash.digest();
}

/** @returns null if the bytes are damaged */
export function decodeClips(file: Uint8Array): CorpusClips | null {
  // Numbers are read where they lie.
  const aligned = file.byteOffset % 4 === 0 ? file : Uint8Array.from(file);
  const bytes = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  const end = bytes.length - HASH_BYTES;
  if (
    end < 4 ||
    !createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end))
  )
    return null;
  let at = 4 + bytes.readUInt32LE();
  const parsed = headSchema.safeParse(JSON.parse(bytes.toString('utf8', 4, at)));
  if (!parsed.success) return null;
  const head = parsed.data;
  const words = (count: number): Uint32Array => {
    const found = new Uint32Array(bytes.buffer, bytes.byteOffset + at, count);
    at += found.byteLength;
    return found;
  };
  const columns: Columns = {
    chunkSeconds: head.chunkSeconds,
    shard: words(head.clips),
    offset: words(head.clips),
    samples: words(head.clips),
    labelCount: words(head.clips),
    labelEnd: words(head.clips),
    nameEnd: words(head.clips),
    labels: words(head.labels),
    hashes: bytes.subarray(at, (at += head.clips * HASH_BYTES)),
    names: bytes.subarray(at, end),
  };
  const clips = Array.from({ length: head.clips }, (_, index) => new ClipInColumns(columns, index));
  return {
    vocabulary: head.vocabulary,
    clips,
    contentSha256: head.contentSha256,
    audioShards: head.audioShards,
  };
}

class ClipInColumns implements CorpusClip {
  constructor(
    private readonly columns: Columns,
    private readonly index: number,
  ) {}

  get clip(): string {
    const { names, nameEnd } = this.columns;
    return names.toString(
      'utf8',
      this.index === 0 ? 0 : nameEnd[this.index - 1],
      nameEnd[this.index],
    );
  }

  get sha256(): string {
    return this.columns.hashes.toString(
      'hex',
      this.index * HASH_BYTES,
      (this.index + 1) * HASH_BYTES,
    );
  }

  get labels(): number[] | null {
    const { labelCount, labelEnd, labels } = this.columns;
    const count = labelCount[this.index]!;
    if (count === UNLABELLED) return null;
    const end = labelEnd[this.index]!;
    return [...labels.subarray(end - count, end)];
  }

  get samples(): number {
    return this.columns.samples[this.index]!;
  }

  get shard(): number {
    return this.columns.shard[this.index]!;
  }

  get offset(): number {
    return this.columns.offset[this.index]!;
  }

  get chunks(): CorpusClip['chunks'] {
    return chunkPlan(this.samples, this.columns.chunkSeconds);
  }
}
