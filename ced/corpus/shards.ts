/**
 * Clips become shards. A first plan fills shards in the table's order. A plan that extends an
 * earlier one keeps every clip in its shard and place, and puts new clips into new shards: ingested
 * and predicted shards are found again, wherever in the table the new rows are. A shard that lost a
 * clip is made again without it; a shard that lost all is dropped.
 */
import type { ChannelChoice } from '../audio/channels';
import type { RejectedRow } from './table-row';
import type { ListedClip, Listing } from './listing';

export function cutShards(
  clips: readonly ListedClip[],
  clipsPerShard: number,
  earlier: readonly Listing[] = [],
): ListedClip[][] {
  const present = new Map(clips.map((clip) => [clip.clip, clip]));
  const shards: ListedClip[][] = [];
  for (const listing of earlier) {
    const kept = listing.clips.flatMap(({ clip }) => present.get(clip) ?? []);
    for (const { clip } of kept) present.delete(clip);
    if (kept.length > 0) shards.push(kept);
  }
  const fresh = clips.filter(({ clip }) => present.has(clip));
  for (let start = 0; start < fresh.length; start += clipsPerShard)
    shards.push(fresh.slice(start, start + clipsPerShard));
  return shards;
}

/**
 * The first shard's listing names the rows that could not be used at all; a split without a usable
 * row still has it.
 */
export function listShards(
  shards: readonly ListedClip[][],
  rejected: RejectedRow[],
  channels: ChannelChoice = 'mix',
): Listing[] {
  const all = shards.length === 0 ? [[]] : shards;
  return all.map((clips, index) => ({
    formatVersion: 1,
    clips,
    // The mean is not written: listings of before are named by their content.
    ...(channels === 'mix' ? {} : { channels }),
    rejected: index === 0 ? rejected : [],
  }));
}
