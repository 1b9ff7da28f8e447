/** The clips of a shard end to end, while it is made; clips of equal samples share a place. */
import { LARGEST_SHARD_BYTES } from '../../storage/sources/source';
import { sha256 } from '../../storage/store';
import { PermanentError } from '../../workflows/contract/failures';
import { ShardAudio } from './shard-audio';

export interface PlacedClip {
  /** Of its int16 samples. */
  sha256: string;
  /** Samples from the start of the shard. */
  offset: number;
  samples: number;
}

export class PlacedClips {
  readonly audio = new ShardAudio();
  private readonly offsets = new Map<string, number>();

  place(pcm: Int16Array): PlacedClip {
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const content = sha256(bytes);
    const known = this.offsets.get(content);
    const offset = known ?? this.audio.length;
    if (known === undefined) {
      this.offsets.set(content, offset);
      this.audio.append(bytes);
    }
    return { sha256: content, offset, samples: pcm.length };
  }
}

/** Shards are held in memory until they are written. @throws {PermanentError} CorpusInvalid */
export function refuseHugeShards(
  shards: readonly PlacedClips[],
  largestBytes = LARGEST_SHARD_BYTES,
): void {
  const bytes = shards.reduce((sum, { audio }) => sum + audio.length * 2, 0);
  if (bytes <= largestBytes) return;
  throw new PermanentError(
    'CorpusInvalid',
    `corpus.clipsPerShard: a shard of this corpus holds more than ${largestBytes} bytes of ` +
      `audio${shards.length > 1 ? ' at the sample rates of its teachers' : ''}; take fewer clips ` +
      'a shard, as long as these are',
  );
}
