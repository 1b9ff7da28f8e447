/**
 * What an attempt has to make of a listing's audio shard: at 16 kHz, and at the further rates of
 * the run, those that the store lacks.
 */
import { layout } from '../../storage/layout';
import { readRecordOrQuarantine } from '../../storage/quarantine';
import type { Store } from '../../storage/store';
import { ingestRecord, type IngestManifest } from '../../storage/corpus/ingest-manifest';
import { rateRecord, type RateManifest } from '../../storage/corpus/rate-manifest';
import { sampleRateSchema } from '../../workflows/contract/sample-rates';
import { PermanentError } from '../../workflows/contract/failures';
import { PlacedClips, type PlacedClip } from './placed-clips';

export interface ShardMaking {
  /** Of its manifest at 16 kHz. */
  key: string;
  earlier: IngestManifest | null;
  /** `earlier`, if its audio is in the store: what is decoded again must equal it. */
  stored: IngestManifest | null;
  /** At 16 kHz; stays empty where that is stored. */
  usual: PlacedClips;
  further: RateMaking[];
}

export interface RateMaking {
  rate: number;
  key: string;
  /** Its audio is lost, or belongs to other audio at 16 kHz. */
  earlier: RateManifest | null;
  placed: PlacedClips;
  /** In the order of the clips at 16 kHz. */
  clips: PlacedClip[];
}

/** @param key of the shard's manifest at 16 kHz */
export async function whatToMake(
  store: Store,
  key: string,
  rates: readonly number[],
): Promise<ShardMaking> {
  const earlier = await readRecordOrQuarantine(store, key, ingestRecord);
  const stored =
    earlier !== null && (await store.exists(layout.audio(earlier.audioSha256))) ? earlier : null;
  const further: RateMaking[] = [];
  for (const rate of rates) {
    refuseAbsurd(rate);
    const at = layout.ingestAtRate(key, rate);
    const found = await readRecordOrQuarantine(store, at, rateRecord);
    const belongs = found !== null && earlier !== null && found.of === earlier.audioSha256;
    if (belongs && (await store.exists(layout.audio(found.audioSha256)))) continue;
    const placed = new PlacedClips();
    further.push({ rate, key: at, earlier: found, placed, clips: [] });
  }
  return { key, earlier, stored, usual: new PlacedClips(), further };
}

/** Of the rates that are made; none where the store has the shard at every rate. */
export function placesOf({ stored, usual, further }: ShardMaking): PlacedClips[] {
  return [...(stored ? [] : [usual]), ...further.map(({ placed }) => placed)];
}

/** Teachers' rates were checked before; a rate from elsewhere is not worth a retry. */
function refuseAbsurd(rate: number): void {
  if (!sampleRateSchema.safeParse(rate).success)
    throw new PermanentError(
      'RunFileInvalid',
      `sampleRate: ${rate} Hz, expected a whole number from 1000 to 192000`,
    );
}
