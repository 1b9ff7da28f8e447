/**
 * The masks of the logits that CED's authors published, which store a seed and no parameters: the
 * seed yields two fractions, u and v, and one pair places both masks. Our own parameters never pass
 * through here. https://github.com/RicherMans/CED (augment.py)
 */
export interface MaskSpan {
  readonly start: number;
  readonly width: number;
}

/**
 * The span that fractions u (width) and v (start) zero on an axis of `size` positions. The original
 * computes in float32 and truncates, and the start depends on the width before truncation, so both
 * roundings are repeated here.
 */
export function publishedSpan(u: number, v: number, size: number, maxWidth: number): MaskSpan {
  const width = Math.fround(Math.fround(u) * maxWidth);
  const start = Math.fround(Math.fround(v) * Math.fround(size - width));
  return { start: Math.trunc(start), width: Math.trunc(width) };
}
