/**
 * One listing becomes one audio shard: every clip decoded to 16 kHz mono int16, end to end in one `.npy`, its table beside it, its manifest
 * last. The shard's name is the SHA-256 of its audio, so the same clips give the same shard wherever they came from.
 */
import { encodeNpyInt16 } from '../../ced/audio/npy';
import { encodeShardTable } from '../../ced/audio/shard-table';
import type { IngestedShard, IngestInput, LiveProgress } from '../../workflows/contract/activities';
import type { ActivityDependencies } from '../dependencies';
import { decodeClip } from './decode-clip';
import type { ListedClip, Listing } from '../plan/listing';
import { inOrder } from '../in-order';
import { countdown } from '../progress';
import { layout } from '../storage/layout';
import { openSource } from '../storage/open-source';
import { readSource, SourceUnreadable, type SourceOptions } from '../storage/source';
import { ContentDiffers, encodeJson, ObjectMissing, readJsonIfPresent, sha256, type Store } from '../storage/store';

export interface IngestedClip {
  clip: string;
  /** SHA-256 of the decoded int16 samples: what the models hear, whatever container it came in. */
  sha256: string;
  offset: number;
  samples: number;
  labels: number[] | null;
}
export interface IngestManifest {
  formatVersion: 1;
  audioSha256: string;
  audioBytes: number;
  clips: IngestedClip[];
  rejected: { clip: string; reason: string }[];
  /** Decoding and writing, as it took when it was done. */
  seconds: number;
}

/** One patch of 16 frames, 10 ms apart: the least a model can hear. */
const SHORTEST_SAMPLES = 2400;

const LARGEST_CLIP_BYTES = 2 ** 30;
/** Clips that are read while one is decoded. */
const READ_AHEAD = 4;

export async function ingestShard(
  deps: ActivityDependencies,
  input: IngestInput,
  onProgress: (progress: LiveProgress) => void,
): Promise<IngestedShard> {
  const store = deps.openStore(input.store);
  const listingKey = layout.listing(input.planKey, input.split, input.shard);
  const bytes = await store.read(listingKey);
  if (bytes === null) throw new ObjectMissing(listingKey, store.uri);
  const manifestKey = layout.ingest(sha256(bytes));
  const present = await readJsonIfPresent<IngestManifest>(store, manifestKey);
  if (present && (await store.exists(layout.audio(present.audioSha256))))
    return { clips: present.clips.length, rejected: present.rejected.length, seconds: present.seconds, reused: true };

  const listing = JSON.parse(Buffer.from(bytes).toString('utf8')) as Listing;
  const startedMs = deps.monotonicMs();
  const progress = countdown('clips', listing.clips.length, deps.monotonicMs);
  const parts: Int16Array[] = [];
  const clips: IngestedClip[] = [];
  const rejected = [...listing.rejected];
  let offset = 0;
  let done = 0;
  const fetch = async (listed: ListedClip): Promise<{ listed: ListedClip; bytes: Buffer | string }> => ({
    listed,
    bytes: await fetchClip(listed, deps.sources ?? {}),
  });
  for await (const { listed, bytes } of inOrder(listing.clips, READ_AHEAD, fetch)) {
    const pcm = typeof bytes === 'string' ? bytes : await decode(bytes, listed.audio);
    if (typeof pcm === 'string') rejected.push({ clip: listed.clip, reason: pcm });
    else {
      clips.push({ clip: listed.clip, sha256: sha256(bytesOf(pcm)), offset, samples: pcm.length, labels: listed.labels });
      parts.push(pcm);
      offset += pcm.length;
    }
    onProgress(progress(++done));
  }
  const manifest = await commit(store, {
    parts,
    samples: offset,
    clips,
    rejected,
    manifestKey,
    seconds: (deps.monotonicMs() - startedMs) / 1000,
  });
  return { clips: manifest.clips.length, rejected: manifest.rejected.length, seconds: manifest.seconds, reused: false };
}

/** A reason instead of bytes where no retry would help. Anything else is thrown: a network that is down rejects no clip. */
async function fetchClip(listed: ListedClip, sources: SourceOptions): Promise<Buffer | string> {
  try {
    return await readSource(openSource(listed.audio, sources), LARGEST_CLIP_BYTES, listed.range);
  } catch (error) {
    if (error instanceof SourceUnreadable) return error.message;
    throw error;
  }
}

async function decode(bytes: Buffer, name: string): Promise<Int16Array | string> {
  try {
    const pcm = await decodeClip(bytes, name);
    if (pcm.length < SHORTEST_SAMPLES) return `too short: ${pcm.length} samples at 16 kHz, a model's patch needs ${SHORTEST_SAMPLES}`;
    return pcm.some((sample) => sample !== 0) ? pcm : 'silent: every sample is 0';
  } catch (error) {
    return (error as Error).message;
  }
}

async function commit(
  store: Store,
  shard: {
    parts: Int16Array[];
    samples: number;
    clips: IngestedClip[];
    rejected: IngestManifest['rejected'];
    manifestKey: string;
    seconds: number;
  },
): Promise<IngestManifest> {
  const audio = encodeNpyInt16(shard.samples, shard.parts);
  const audioSha256 = sha256(audio);
  const manifest: IngestManifest = {
    formatVersion: 1,
    audioSha256,
    audioBytes: audio.byteLength,
    clips: shard.clips,
    rejected: shard.rejected,
    seconds: shard.seconds,
  };
  await store.create(layout.audio(audioSha256), audio);
  // The same audio may be listed again under other clip names or labels: the first table stands, the manifest is what we read.
  await adopt(store.create(layout.audioTable(audioSha256), encodeShardTable(shard.clips)));
  // Only `seconds` can differ between two writers of one listing.
  await adopt(store.create(shard.manifestKey, encodeJson(manifest)));
  return manifest;
}

async function adopt(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error: unknown) => {
    if (!(error instanceof ContentDiffers)) throw error;
  });
}

function bytesOf(pcm: Int16Array): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}
