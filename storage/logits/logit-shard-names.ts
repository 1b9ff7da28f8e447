/**
 * Names of logit shards: the SHA-256 of the shard's audio at 16 kHz or, where teachers take further
 * rates, one that covers the audio at each of them. Two recordings that are equal at 16 kHz may
 * differ above 8 kHz, and so may what such a teacher says of them.
 */
import { canonicalJson } from '../../ced/canonical-json';
import { audioShardsAtRate } from '../corpus/clips-at-rate';
import { sha256, type Store } from '../store';

/**
 * @param at the corpus; `only`: one shard of it
 * @param audioShards SHA-256 of each shard's audio at 16 kHz
 * @param rates Hz of the teachers beside 16 kHz, ascending
 * @returns a name for each shard; `audioShards` itself where there are no further rates
 * @throws as `readRateManifest`
 */
export async function logitShardNames(
  store: Store,
  at: { planKey: string; only?: number | undefined },
  audioShards: readonly string[],
  rates: readonly number[],
): Promise<readonly string[]> {
  if (rates.length === 0) return audioShards;
  const atRates: { rate: number; audio: string[] }[] = [];
  for (const rate of rates)
    atRates.push({ rate, audio: await audioShardsAtRate(store, { ...at, split: 'train' }, rate) });
  return audioShards.map((audio, shard) =>
    sha256(
      canonicalJson({ audio, atRates: atRates.map((each) => [each.rate, each.audio[shard]!]) }),
    ),
  );
}
