/**
 * One listing becomes one audio shard: every clip decoded to 16 kHz mono int16, end to end in one
 * `.npy` (equal ones once), its table beside it, its manifest last. The shard's name is the SHA-256
 * of its audio, so the same clips give the same shard wherever they came from. The same decode
 * gives the shard at every further sample rate that the run's teachers take. For a rate that is
 * added later the clips are decoded again, and must be equal at 16 kHz.
 */
import type { Listing } from '../ced/corpus/listing';
import { rateRecord, type RateManifest } from '../storage/corpus/rate-manifest';
import {
  ingestRecord,
  type IngestedClip,
  type IngestManifest,
} from '../storage/corpus/ingest-manifest';
import { planDamaged, readListing } from '../storage/corpus/plan-manifest';
import { plannedListingSha256 } from '../storage/corpus/plan-part';
import { layout } from '../storage/layout';
import { quarantine } from '../storage/quarantine';
import { sha256, type Store } from '../storage/store';
import type { IngestedShard, IngestInput } from '../workflows/contract/activities';
import { PermanentError } from '../workflows/contract/failures';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { progressMeter } from '../workflows/contract/progress-meter';
import type { ActivityDependencies } from './dependencies';
import { commitShard, hashAudio } from './ingest/commit-shard';
import { refuseHugeShards } from './ingest/placed-clips';
import { readClips } from './ingest/read-clips';
import { placesOf, whatToMake, type RateMaking, type ShardMaking } from './ingest/shard-making';

export async function ingestShard(
  deps: ActivityDependencies,
  input: IngestInput,
  onProgress: (progress: LiveProgress) => void,
  onAlive: () => void = () => undefined,
): Promise<IngestedShard> {
  const store = deps.openStore(input.store);
  const { planKey, split, shard } = input;
  const { listing, listingSha256 } = await readListing(store, planKey, split, shard);
  const making = await whatToMake(store, layout.ingest(listingSha256), input.sampleRates ?? []);
  if (making.stored && placesOf(making).length === 0) return countsOf(making.stored, true);

  // A manifest under the listing's hash has shown that the listing is the plan's; without one the
  // plan is asked.
  if (listingSha256 !== (await plannedListingSha256(store, planKey, split, shard)))
    throw planDamaged(store, layout.listing(planKey, split, shard));
  try {
    const startedMs = deps.monotonicMs();
    const decoded = await decodeClips(deps, { listing, making, input }, onProgress);
    const seconds = (deps.monotonicMs() - startedMs) / 1000;
    const onPart = (): void => {
      deps.signal?.throwIfAborted();
      onAlive();
    };
    const changed = (audioSha256: string): Error => sourcesChanged(input, listing, audioSha256);
    const writing: Writing = { store, seconds, onPart, changed };
    const manifest = making.stored ?? (await commitUsual(writing, making, decoded));
    for (const one of making.further) await commitAtRate(writing, one, manifest);
    return countsOf(manifest, false);
  } finally {
    for (const { audio } of placesOf(making)) audio.release();
  }
}

function countsOf({ clips, rejected, seconds }: IngestManifest, reused: boolean): IngestedShard {
  return { clips: clips.length, rejected: rejected.length, seconds, reused };
}

/** Decodes the listing's clips one after the other into the places of `making`. */
async function decodeClips(
  deps: ActivityDependencies,
  { listing, making, input }: { listing: Listing; making: ShardMaking; input: IngestInput },
  onProgress: (progress: LiveProgress) => void,
): Promise<Pick<IngestManifest, 'clips' | 'rejected'>> {
  const { stored } = making;
  const names = new Set(stored?.clips.map(({ clip }) => clip));
  // Clips that were rejected at 16 kHz stay rejected at every rate.
  const listedClips = listing.clips.filter(({ clip }) => !stored || names.has(clip));
  const progress = progressMeter('clips', listedClips.length, deps.monotonicMs);
  const clips: IngestedClip[] = [];
  const rejected = [...listing.rejected];
  const rates = making.further.map(({ rate }) => rate);
  const { sources = {} } = deps;
  let done = 0;
  for await (const { listed, pcm, further } of readClips(
    listedClips,
    sources,
    listing.channels,
    rates,
  )) {
    const { clip, labels } = listed;
    if (stored && (typeof pcm === 'string' || contentSha256(pcm) !== stored.clips[done]?.sha256))
      throw clipChanged(input, clip, typeof pcm === 'string' ? `: ${pcm}` : '');
    if (typeof pcm === 'string') rejected.push({ clip, reason: pcm });
    else {
      if (!stored) clips.push({ clip, labels, ...making.usual.place(pcm) });
      for (const [index, { placed, clips: own }] of making.further.entries())
        own.push(placed.place(further[index]!));
      refuseHugeShards(placesOf(making), sources.largestShardBytes);
    }
    onProgress(progress(++done));
  }
  return stored ?? { clips, rejected };
}

interface Writing {
  store: Store;
  seconds: number;
  onPart: () => void;
  /** @param audioSha256 of an earlier shard that is lost and cannot be made again */
  changed: (audioSha256: string) => Error;
}

async function commitUsual(
  { store, seconds, onPart, changed }: Writing,
  { key, earlier, usual }: ShardMaking,
  { clips, rejected }: Pick<IngestManifest, 'clips' | 'rejected'>,
): Promise<IngestManifest> {
  const hashed = await hashAudio(usual.audio, onPart);
  const { audioSha256, audioBytes } = hashed;
  if (earlier && earlier.audioSha256 !== audioSha256) throw changed(earlier.audioSha256);
  const value = { formatVersion: 1 as const, audioSha256, audioBytes, clips, rejected, seconds };
  await commitShard(store, hashed, clips, { key, format: ingestRecord, value });
  return value;
}

async function commitAtRate(
  { store, seconds, onPart, changed }: Writing,
  { rate, key, earlier, placed, clips }: RateMaking,
  usual: IngestManifest,
): Promise<void> {
  const hashed = await hashAudio(placed.audio, onPart);
  const { audioSha256, audioBytes } = hashed;
  if (earlier?.of === usual.audioSha256 && earlier.audioSha256 !== audioSha256)
    throw changed(earlier.audioSha256);
  if (earlier && earlier.of !== usual.audioSha256) await quarantine(store, key);
  const value: RateManifest = {
    ...{ formatVersion: 1, sampleRate: rate, of: usual.audioSha256 },
    ...{ audioSha256, audioBytes, clips, seconds },
  };
  const table = clips.map((clip, row) => ({ ...usual.clips[row]!, ...clip }));
  await commitShard(store, hashed, table, { key, format: rateRecord, value });
}

function contentSha256(pcm: Int16Array): string {
  return sha256(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
}

function sourcesChanged(
  { split }: IngestInput,
  listing: Listing,
  audioSha256: string,
): PermanentError {
  return new PermanentError(
    'CorpusInvalid',
    `corpus.${split}: audio shard ${audioSha256} is damaged, and its sources ` +
      `(${listing.clips[0]?.audio ?? 'none'} and after) have changed since it was made; ` +
      'start the run again, it will be planned anew',
  );
}

function clipChanged({ split }: IngestInput, clip: string, why: string): PermanentError {
  return new PermanentError(
    'CorpusInvalid',
    `corpus.${split}: clip ${clip} is not what it was when its audio was kept at 16 kHz${why}; ` +
      'start the run again, it will be planned anew',
  );
}
