/** A recording that no model of the project was trained on, to try the student with. */
import { isAbsolute } from 'node:path';
import { readClips } from '../../activities/ingest/read-clips';
import type { ChannelChoice } from '../../ced/audio/channels';
import { encodeWav } from '../../ced/audio/wav-file';
import type { SourceOptions } from '../../storage/sources/source';
import type { Dataset } from './datasets/dataset';
import { listedClip } from './listed-clip';
import type { SplitDataset } from './assign-splits';

export type HeldOutRecording =
  | { path: string }
  /** WAV of a clip that is no file of its own. */
  | { wav: Buffer };

/**
 * The first file of eval; where every clip of eval is part of a larger file, the first of them.
 * @returns null where eval holds no clip that can be read
 */
export async function heldOutRecording(
  { clips }: Pick<SplitDataset, 'clips'>,
  sources: SourceOptions,
  channels: ChannelChoice,
): Promise<HeldOutRecording | null> {
  const heldOut = clips.filter(({ split }) => split === 'eval');
  const file = heldOut.find(isFile);
  if (file) return { path: file.audio };
  for await (const { pcm } of readClips(heldOut.slice(0, 1).map(listedClip), sources, channels))
    if (typeof pcm !== 'string') return { wav: encodeWav(Int16Array.from(pcm)) };
  return null;
}

function isFile({ audio, segment, embedded }: Dataset['clips'][number]): boolean {
  return !segment && !embedded && isAbsolute(audio);
}
