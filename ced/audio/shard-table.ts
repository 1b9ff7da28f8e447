/**
 * The table beside an audio shard's samples: which clip lies where, and how it was labelled. Logits
 * point to its row numbers. Labels are a list of int32 class numbers, NULL for a clip without
 * labels, which is not the same as a clip with none of the classes.
 */
import { FormatInvalid } from '../format-invalid';
import { readParquet } from '../parquet/parquet-reader';
import { requiredColumn, writeParquet, type ParquetColumn } from '../parquet/parquet-writer';

export const shardTableFormat = 'ced.audio/1';

export interface ShardClip {
  /** The corpus table's id. */
  readonly clip: string;
  /** Hex SHA-256 of the clip's samples as stored: int16, little-endian. */
  readonly sha256: string;
  /** Samples from the start of the shard. */
  readonly offset: number;
  readonly samples: number;
  /** Class numbers; null = unlabelled. */
  readonly labels: readonly number[] | null;
}

/** Hashes do not compress: the highest takes ten times as long for a twentieth of the bytes. */
const brotliQuality = 5;

/**
 * @throws RangeError unless clips lie end to end from offset 0, but for those that share the
 *   samples of an earlier one
 */
export async function encodeShardTable(clips: readonly ShardClip[]): Promise<Uint8Array> {
  const misplaced = firstMisplacedClip(clips);
  if (misplaced >= 0)
    throw new RangeError(
      `clip ${misplaced} neither starts where those before it end, nor lies where its equal does`,
    );
  const columns: ParquetColumn[] = [
    {
      name: 'clip',
      schema: requiredColumn('clip', 'BYTE_ARRAY', 'UTF8'),
      encoding: 'PLAIN',
      data: clips.map(({ clip }) => clip),
    },
    {
      name: 'sha256',
      schema: requiredColumn('sha256', 'BYTE_ARRAY', 'UTF8'),
      encoding: 'PLAIN',
      data: clips.map(({ sha256 }) => sha256),
    },
    {
      name: 'offset',
      schema: requiredColumn('offset', 'INT64', null),
      encoding: 'PLAIN',
      data: clips.map(({ offset }) => BigInt(offset)),
    },
    {
      name: 'samples',
      schema: requiredColumn('samples', 'INT64', null),
      encoding: 'PLAIN',
      data: clips.map(({ samples }) => BigInt(samples)),
    },
    {
      name: 'labels',
      schema: [
        { name: 'labels', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'INT32', repetition_type: 'REQUIRED' },
      ],
      encoding: 'PLAIN',
      data: clips.map(({ labels }) => labels && [...labels]),
    },
  ];
  return await writeParquet(columns, {
    quality: brotliQuality,
    metadata: { format: shardTableFormat },
  });
}

/** @throws FormatInvalid when the bytes are no such table */
export async function decodeShardTable(bytes: Uint8Array): Promise<ShardClip[]> {
  const file = readParquet(bytes, 'audio shard table');
  if (file.metadata['format'] !== shardTableFormat)
    throw new FormatInvalid(
      'audio shard table',
      `its format is ${file.metadata['format'] ?? 'not stated'}`,
    );
  const clip = file.column('clip', 'text') as ArrayLike<string>;
  const sha256 = file.column('sha256', 'text') as ArrayLike<string>;
  const offset = file.column('offset', 'int64') as ArrayLike<bigint>;
  const samples = file.column('samples', 'int64') as ArrayLike<bigint>;
  const labels = file.column('labels', 'list') as ArrayLike<ArrayLike<number> | null | undefined>;
  const clips = Array.from({ length: file.rows }, (_, row): ShardClip => {
    const classes = labels[row];
    return {
      clip: clip[row]!,
      sha256: sha256[row]!,
      offset: Number(offset[row]!),
      samples: Number(samples[row]!),
      labels: classes ? Array.from(classes) : null,
    };
  });
  if (firstMisplacedClip(clips) >= 0)
    throw new FormatInvalid('audio shard table', `clip ${firstMisplacedClip(clips)} is misplaced`);
  return clips;
}

function firstMisplacedClip(clips: readonly ShardClip[]): number {
  const firsts = new Map<string, ShardClip>();
  let end = 0;
  return clips.findIndex((clip) => {
    const first = firsts.get(clip.sha256);
    if (first && first.offset === clip.offset && first.samples === clip.samples) return false;
    if (!first) firsts.set(clip.sha256, clip);
    const isNext = clip.offset === end;
    end += clip.samples;
    return !isNext;
  });
}
