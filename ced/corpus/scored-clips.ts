/** A split without the clips that have no score: where models are compared, they count for none. */
import { rowsOf } from '../model/rows';
import type { CorpusClips } from './corpus-clip';

/**
 * @param unscored numbers of the clips that models say nothing of, of each model
 * @returns the split itself where there are none; its name stays that of all clips
 */
export function scoredClips(split: CorpusClips, ...unscored: (readonly number[])[]): CorpusClips {
  const without = new Set(unscored.flat());
  if (without.size === 0) return split;
  const { vocabulary, contentSha256, audioShards } = split;
  const clips = split.clips.filter((_, row) => !without.has(row));
  return { vocabulary, contentSha256, audioShards, clips };
}

/**
 * @param values [clips, classes], of scores or labels
 * @returns the same without the rows of such clips; `values` itself where there are none
 */
export function scoredRows<Values extends Float32Array | Uint8Array>(
  values: Values,
  classes: number,
  ...unscored: (readonly number[])[]
): Values {
  const without = new Set(unscored.flat());
  if (without.size === 0) return values;
  const rows = Array.from({ length: values.length / classes }, (_, row) => row);
  return rowsOf(
    values,
    rows.filter((row) => !without.has(row)),
    classes,
  );
}
