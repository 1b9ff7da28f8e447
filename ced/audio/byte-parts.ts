/** A file's bytes as they arrive, in parts of any length. */
export type ByteParts = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  return second.length === 0 ? first : Buffer.concat([first, second]);
}

/** The same bytes in parts of at least `leastBytes`, but for the last. */
export async function* gathered(parts: ByteParts, leastBytes: number): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < leastBytes) continue;
    yield waiting.length === 1 ? part : Buffer.concat(waiting);
    [waiting, bytes] = [[], 0];
  }
  if (bytes > 0) yield waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
}

/** The rest of an iteration whose first result was looked at; ends it when its reader does. */
export async function* following(
  first: IteratorResult<Uint8Array>,
  parts: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await parts.next()) yield next.value;
  } finally {
    // Closes the file or connection of a clip that is refused half-way.
    await parts.return?.();
  }
}
