/** What `ced init` makes of recordings with several channels, and why. */
import { counted } from '../../ced/counted';
import { ParquetAudio } from '../../activities/ingest/parquet-audio';
import type { ByteParts } from '../../ced/audio/byte-parts';
import { channelCount } from '../../ced/audio/channels';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import type { ListedClip } from '../../ced/corpus/listing';
import { openSource } from '../../storage/sources/open-source';
import { SourceUnreadable, type SourceOptions } from '../../storage/sources/source';
import type { DatasetClip } from './datasets/dataset';
import { listedClip } from './listed-clip';
import type { Contents } from './read-contents';
import { spread } from './spread';

/** Only the beginning of each is read. */
const LOOKED_AT = 64;

export interface ChannelSurvey {
  /** Clips whose header was read. */
  clips: number;
  /** Of them, those with more than one channel. */
  several: number;
  /** Channels of the clip that has most. */
  most: number;
}

/** Reads the beginnings of a sample. Formats that are left to ffmpeg are not counted. */
export async function surveyChannels(
  clips: readonly DatasetClip[],
  sources: SourceOptions,
): Promise<ChannelSurvey> {
  const parquet = new ParquetAudio(sources);
  const counts: number[] = [];
  for (const clip of spread(clips, LOOKED_AT)) {
    const count = await channelsIn(listedClip(clip), parquet, sources).catch(passedOver);
    if (count !== null) counts.push(count);
  }
  return {
    clips: counts.length,
    several: counts.filter((count) => count > 1).length,
    most: counts.reduce((most, count) => Math.max(most, count), 0),
  };
}

async function channelsIn(
  listed: ListedClip,
  parquet: ParquetAudio,
  sources: SourceOptions,
): Promise<number | null> {
  const source = openSource(listed.audio, sources);
  const parts: ByteParts = listed.cell ? [await parquet.read(listed)] : source.read(listed.range);
  for await (const block of await decodeAudio(parts, source.name, Infinity))
    return channelCount(block);
  return null;
}

/** What cannot be read is told where clips are decoded. */
function passedOver(error: unknown): null {
  if (error instanceof ClipUnreadable || error instanceof SourceUnreadable) return null;
  throw error;
}

/** The choice as a setting with its reason; null where it makes no difference. */
export function channelReason(
  { channels, cancelled }: Pick<Contents, 'channels' | 'cancelled'>,
  { clips, several, most }: ChannelSurvey,
  { isAsked }: { isAsked: boolean },
): string | null {
  if (several === 0 && cancelled === 0 && !isAsked) return null;
  const seen =
    `${several} of ${counted(clips, 'clip', 'clips')} looked at ` +
    `${several === 1 ? 'has' : 'have'} several channels, up to ${most}`;
  if (isAsked) return `channels ${channels}: as asked (--channels); ${seen}.`;
  if (channels !== 'mix')
    return (
      `channels ${channels}: the channels of ${counted(cancelled, 'clip', 'clips')} cancel in ` +
      `their mean, so that one is taken; ${seen}.`
    );
  return (
    `channels mix: ${seen}; their mean is taken` +
    (most > 2
      ? ': where they are microphones of an array or Ambisonics, take one with --channels first.'
      : '.')
  );
}
