/**
 * One listing becomes one audio shard: every clip decoded to 16 kHz mono int16, end to end in one
 * `.npy` (equal ones once), its table beside it, its manifest last. The shard's name is the SHA-256
 * of its audio, so the same clips give the same shard wherever they came from.
 */
import { createHash } from 'node:crypto';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { encodeNpyInt16Header } from '../ced/audio/npy';
import { encodeShardTable } from '../ced/audio/shard-table';
import type { IngestedShard, IngestInput } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';
import { readClips } from './ingest/read-clips';
import { ShardAudio } from './ingest/shard-audio';
import { planDamaged, readListing } from '../storage/corpus/plan-manifest';
import { plannedListingSha256 } from '../storage/corpus/plan-part';
import { progressMeter } from '../workflows/contract/progress-meter';
import { layout } from '../storage/layout';
import { LARGEST_SHARD_BYTES } from '../storage/sources/source';
import { createRecordOrAdopt, readRecordOrQuarantine } from '../storage/quarantine';
import { ContentDiffers, sha256, type Store } from '../storage/store';
import type { Listing } from '../ced/corpus/listing';
import {
  ingestRecord,
  type IngestedClip,
  type IngestManifest,
} from '../storage/corpus/ingest-manifest';

export async function ingestShard(
  deps: ActivityDependencies,
  input: IngestInput,
  onProgress: (progress: LiveProgress) => void,
  onAlive: () => void = () => undefined,
): Promise<IngestedShard> {
  const store = deps.openStore(input.store);
  const { planKey, split, shard } = input;
  const { listing, listingSha256 } = await readListing(store, planKey, split, shard);
  const manifestKey = layout.ingest(listingSha256);
  const present = await readRecordOrQuarantine(store, manifestKey, ingestRecord);
  if (present && (await store.exists(layout.audio(present.audioSha256))))
    return {
      clips: present.clips.length,
      rejected: present.rejected.length,
      seconds: present.seconds,
      reused: true,
    };

  // A manifest under the listing's hash has shown that the listing is the plan's; without one the
  // plan is asked.
  if (listingSha256 !== (await plannedListingSha256(store, planKey, split, shard)))
    throw planDamaged(store, layout.listing(planKey, split, shard));
  const audio = new ShardAudio();
  let manifest: IngestManifest;
  try {
    const startedMs = deps.monotonicMs();
    const decoded = await decodeClips(deps, listing, audio, onProgress);
    manifest = await commit(store, {
      audio,
      ...decoded,
      manifestKey,
      seconds: (deps.monotonicMs() - startedMs) / 1000,
      onPart: () => {
        deps.signal?.throwIfAborted();
        onAlive();
      },
    });
  } finally {
    audio.release();
  }
  if (present && present.audioSha256 !== manifest.audioSha256)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${input.split}: audio shard ${present.audioSha256} is damaged, and its sources ` +
        `(${listing.clips[0]?.audio ?? 'none'} and after) have changed since it was made; ` +
        'start the run again, it will be planned anew',
    );
  return {
    clips: manifest.clips.length,
    rejected: manifest.rejected.length,
    seconds: manifest.seconds,
    reused: false,
  };
}

/** Decodes the listing's clips one after the other into `audio`. */
async function decodeClips(
  deps: ActivityDependencies,
  listing: Listing,
  audio: ShardAudio,
  onProgress: (progress: LiveProgress) => void,
): Promise<Pick<IngestManifest, 'clips' | 'rejected'>> {
  const progress = progressMeter('clips', listing.clips.length, deps.monotonicMs);
  const offsets = new Map<string, number>();
  const clips: IngestedClip[] = [];
  const rejected = [...listing.rejected];
  let done = 0;
  for await (const { listed, pcm } of readClips(
    listing.clips,
    deps.sources ?? {},
    listing.channels,
  )) {
    if (typeof pcm === 'string') rejected.push({ clip: listed.clip, reason: pcm });
    else {
      const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
      const contentSha256 = sha256(bytes);
      const known = offsets.get(contentSha256);
      clips.push({
        clip: listed.clip,
        sha256: contentSha256,
        offset: known ?? audio.length,
        samples: pcm.length,
        labels: listed.labels,
      });
      if (known === undefined) {
        offsets.set(contentSha256, audio.length);
        audio.append(bytes);
        refuseHugeShard(audio.length, deps.sources?.largestShardBytes);
      }
    }
    onProgress(progress(++done));
  }
  return { clips, rejected };
}

/** A shard is held in memory until it is written. */
function refuseHugeShard(samples: number, largestBytes = LARGEST_SHARD_BYTES): void {
  if (samples * 2 <= largestBytes) return;
  throw new PermanentError(
    'CorpusInvalid',
    `corpus.clipsPerShard: a shard of this corpus holds more than ${largestBytes} bytes of ` +
      'audio; take fewer clips a shard, as long as these are',
  );
}

async function commit(
  store: Store,
  shard: {
    audio: ShardAudio;
    clips: IngestedClip[];
    rejected: IngestManifest['rejected'];
    manifestKey: string;
    seconds: number;
    /** Called for each part that was hashed; may throw to give up. */
    onPart: () => void;
  },
): Promise<IngestManifest> {
  const audio = [encodeNpyInt16Header(shard.audio.length), ...shard.audio.parts()];
  const hash = createHash('sha256');
  for (const part of audio) {
    hash.update(part);
    // Gigabytes take seconds: cancellation and the heartbeats of other activities come in between.
    await yieldToEventLoop();
    shard.onPart();
  }
  const audioSha256 = hash.digest('hex');
  const manifest: IngestManifest = {
    formatVersion: 1,
    audioSha256,
    audioBytes: audio.reduce((sum, part) => sum + part.length, 0),
    clips: shard.clips,
    rejected: shard.rejected,
    seconds: shard.seconds,
  };
  await store.create(layout.audio(audioSha256), audio);
  // The same audio may be listed again under other clip names or labels: the first table stands,
  // the manifest is what we read.
  await store
    .create(layout.audioTable(audioSha256), await encodeShardTable(shard.clips))
    .catch((error: unknown) => {
      if (!(error instanceof ContentDiffers)) throw error;
    });
  // Only `seconds` can differ between two writers of one listing.
  await createRecordOrAdopt(store, shard.manifestKey, ingestRecord, manifest);
  return manifest;
}
