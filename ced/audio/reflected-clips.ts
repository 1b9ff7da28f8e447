/**
 * Clips of different lengths in rows of one length, each mirrored at its own ends as the front end
 * mirrors the clips of a batch of one length: every frame of a clip then has the window it has when
 * the clip is alone.
 */
import { frameCount } from './frames';
import { checkReflectable, reflectedSamples, WINDOW_SAMPLES } from './log-mel';

/**
 * @param pcm int16 [batch, samples]: each clip at the start of its row
 * @param lengths samples of each clip, at most `samples`
 * @param frames of a row: at least those of the longest clip
 * @returns int16 [batch, reflectedSamples(frames)], zeros behind each clip
 * @throws RangeError on a clip too short to reflect
 */
export function reflectedClips(
  pcm: Int16Array,
  samples: number,
  lengths: Int32Array,
  frames: number,
): Int16Array {
  const rowSamples = reflectedSamples(frames);
  const rows = new Int16Array(lengths.length * rowSamples);
  lengths.forEach((length, row) => {
    checkReflectable(length);
    if (length > samples || frameCount(length) > frames)
      throw new RangeError(`a clip of ${length} samples does not fit a row of ${samples}`);
    writeReflected(
      pcm.subarray(row * samples, row * samples + length),
      rows.subarray(row * rowSamples, (row + 1) * rowSamples),
    );
  });
  return rows;
}

/** The last samples of the mirror image are cut where no window reaches them. */
function writeReflected(clip: Int16Array, row: Int16Array): void {
  const half = WINDOW_SAMPLES / 2;
  for (let i = 0; i < half; i++) row[i] = clip[half - i] as number;
  row.set(clip, half);
  const end = half + clip.length;
  const behind = Math.min(half, row.length - end);
  for (let i = 0; i < behind; i++) row[end + i] = clip[clip.length - 2 - i] as number;
}
