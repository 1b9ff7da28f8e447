/** The most probable classes of a chunk. */
export interface Tag {
  /** Of the class. */
  index: number;
  label: string;
  probability: number;
}

/**
 * @param scores [classes]
 * @param labels by class; one that has none is named by its number
 * @returns most probable first, ties by number
 */
export function topTags(
  scores: Float32Array,
  labels: Readonly<Record<number, string | undefined>> | null | undefined,
  top: number,
): Tag[] {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, top).map((index) => ({
    index,
    label: labels?.[index] ?? `class ${index}`,
    probability: scores[index]!,
  }));
}
