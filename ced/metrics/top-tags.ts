/** The most probable classes of a chunk. */
export interface Tag {
  /** Of the class. */
  index: number;
  label: string;
  probability: number;
}

/** By class. */
type Labels = Readonly<Record<number, string | undefined>> | null | undefined;

/**
 * @param scores [classes]
 * @param labels as `labelOf` takes them
 * @returns most probable first, ties by number
 */
export function topTags(scores: Float32Array, labels: Labels, top: number): Tag[] {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, top).map((index) => ({
    index,
    label: labelOf(labels, index),
    probability: scores[index]!,
  }));
}

/** A class that has no label is named by its number. */
export function labelOf(labels: Labels, index: number): string {
  return labels?.[index] ?? `class ${index}`;
}
