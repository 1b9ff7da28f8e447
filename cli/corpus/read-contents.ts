/**
 * What a dataset's clips hold, read and decoded as a run would: their lengths, which of them are
 * the same audio, and which a run would reject. Of a large dataset a sample is decoded, and files
 * are compared by their bytes.
 */
import { counted } from '../../ced/counted';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { readClips } from '../../activities/ingest/read-clips';
import type { ChannelChoice } from '../../ced/audio/channels';
import type { UnreadableReason } from '../../ced/audio/clip-unreadable';
import { sampleRate } from '../../ced/audio/mono16k';
import { UsageError } from '../../infra/command-line/usage-error';
import { mapOrdered } from '../../storage/map-ordered';
import type { SourceOptions } from '../../storage/sources/source';
import type { Dataset, DatasetClip } from './datasets/dataset';
import { listedClip } from './listed-clip';
import { listed } from './listed';
import { spread } from './spread';

/** Minutes of decoding at most; larger datasets are sampled. */
const ALL_UP_TO = 2000;
const SAMPLED = 200;
/** In the project's folder: the clips that no run can use, and why. */
export const LEFT_OUT = 'left-out.jsonl';
const FILES_AT_ONCE = 16;
/** -80 dBFS in int16: dither, and no recording. */
const QUIET_PEAK = 32_768 * 10 ** (-80 / 20);
/** A recording that was never cut, among clips that were. */
const LONG_TO_MEDIAN = 20;

interface Decoded {
  /** By clip, of those that were decoded. */
  seconds: ReadonlyMap<string, number>;
  /** By clip: the same text for clips that are the same audio. */
  audio: ReadonlyMap<string, string>;
  /** Why a run would reject a clip, of those that were decoded. */
  rejected: ReadonlyMap<string, string>;
  /** Clips that a run takes, and that are nearly silent. */
  quiet: readonly string[];
}

export interface Contents extends Decoded {
  /** What was made of several channels. */
  channels: ChannelChoice;
  /** Clips whose channels cancel in their mean. */
  cancelled: number;
  notes: string[];
}

/**
 * @param asked what is made of several channels; without it their mean, and the loudest of all
 *   clips where that cancels in any
 * @throws {UsageError} when none of the clips can be read
 */
export async function readContents(
  { clips }: Pick<Dataset, 'clips'>,
  sources: SourceOptions = {},
  asked?: ChannelChoice,
): Promise<Contents> {
  const sample = clips.length <= ALL_UP_TO ? clips : spread(clips, SAMPLED);
  const given = await decoded(sample, sources, asked ?? 'mix');
  const cancelled = [...given.rejected.values()].filter(isCancelled).length;
  const channels = asked ?? (cancelled > 0 ? 'loudest' : 'mix');
  const isGiven = asked !== undefined || cancelled === 0;
  const found = isGiven ? given : await decoded(sample, sources, channels);
  const { seconds, rejected } = found;
  const [first] = rejected;
  if (seconds.size === 0)
    throw new UsageError(
      `ced init: none of ${counted(sample.length, 'clip', 'clips')} can be read, the first is ` +
        `${first ? `${first[0]}: ${first[1]}` : 'missing'}`,
    );
  const notes = first
    ? [
        `${rejected.size} of ` +
          counted(sample.length, 'clip that was', 'clips that were') +
          ` read cannot be used and ${rejected.size === 1 ? 'is' : 'are'} left ` +
          `out, for example ${first[0]}: ${first[1]}; ${LEFT_OUT} names all`,
      ]
    : [];
  notes.push(...quietNotes(found), ...longNotes(found));
  const contents = { ...found, channels, cancelled, notes };
  if (sample.length === clips.length) return contents;
  notes.push(
    `${sample.length} of ${clips.length} clips were decoded, evenly spread; files are compared ` +
      'by their bytes (ced corpus compares all decoded audio)',
  );
  return { ...contents, audio: await equalFiles(clips) };
}

function quietNotes({ quiet, seconds }: Decoded): string[] {
  if (quiet.length === 0) return [];
  const [are, them] = quiet.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return [
    `${quiet.length} of ${counted(seconds.size, 'clip that was', 'clips that were')} read ${are} ` +
      `nearly silent, with a peak below -80 dBFS: ${listed(quiet)}; remove ${them}, else a class ` +
      'is learned from silence',
  ];
}

function longNotes({ seconds }: Decoded): string[] {
  const sorted = [...seconds].sort(([, a], [, b]) => a - b);
  const median = sorted[sorted.length >> 1]![1];
  const [longest, most] = sorted.at(-1)!;
  if (most <= LONG_TO_MEDIAN * median) return [];
  return [
    `the longest clip that was read lasts ${most.toFixed(1)} s, over ${LONG_TO_MEDIAN} times the ` +
      `median of ${median.toFixed(1)} s: ${longest}; all of it gets its labels`,
  ];
}

async function decoded(
  clips: readonly DatasetClip[],
  sources: SourceOptions,
  channels: ChannelChoice,
): Promise<Decoded> {
  const seconds = new Map<string, number>();
  const audio = new Map<string, string>();
  const rejected = new Map<string, string>();
  const quiet: string[] = [];
  for await (const { listed: clip, pcm } of readClips(clips.map(listedClip), sources, channels)) {
    if (typeof pcm === 'string') rejected.set(clip.clip, pcm);
    else {
      seconds.set(clip.clip, pcm.length / sampleRate);
      if (!pcm.some((sample) => Math.abs(sample) > QUIET_PEAK)) quiet.push(clip.clip);
      const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
      audio.set(clip.clip, createHash('sha256').update(bytes).digest('hex'));
    }
  }
  return { seconds, audio, rejected, quiet };
}

function isCancelled(reason: string): boolean {
  return reason.startsWith('channelsCancel: ' satisfies `${UnreadableReason}: `);
}

/** Only files of one size can be equal, so that few of them are read. */
async function equalFiles(clips: readonly DatasetClip[]): Promise<Map<string, string>> {
  const whole = clips.filter(({ embedded }) => !embedded);
  const paths = [...new Set(whole.map(({ audio }) => audio))];
  const bySize = new Map<number, string[]>();
  const sizes = mapOrdered(paths, FILES_AT_ONCE, async (path) => ({
    path,
    size: await sizeOf(path),
  }));
  for await (const { path, size } of sizes) {
    const same = bySize.get(size) ?? [];
    same.push(path);
    bySize.set(size, same);
  }
  bySize.delete(NO_FILE);
  const candidates = [...bySize.values()].filter((same) => same.length > 1).flat();
  const hashes = new Map<string, string>();
  const hashed = mapOrdered(candidates, FILES_AT_ONCE, async (path) => ({
    path,
    hash: await fileSha256(path),
  }));
  for await (const { path, hash } of hashed) hashes.set(path, hash);
  return new Map(
    clips.map((clip) => {
      const { start = '', end = '' } = clip.segment ?? {};
      const row = clip.embedded ? JSON.stringify(clip.embedded.at) : '';
      return [clip.clip, `${hashes.get(clip.audio) ?? clip.audio} ${row} ${start} ${end}`];
    }),
  );
}

const NO_FILE = -1;

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => NO_FILE,
  );
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
