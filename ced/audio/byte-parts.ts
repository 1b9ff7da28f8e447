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

/**
 * Without the ID3 headers that some taggers put before a stream of any kind. ID3v2, section 3.1.
 */
export async function* withoutId3(parts: ByteParts): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let skip = 0;
  let isContent = false;
  for await (const part of parts) {
    head = joined(head, part);
    while (!isContent && (skip > 0 || head.length >= 10)) {
      const skipped = Math.min(skip, head.length);
      head = head.subarray(skipped);
      skip -= skipped;
      if (head.length < 10) break;
      if (head[0] === 0x49 && head[1] === 0x44 && head[2] === 0x33)
        // seven bits a byte
        skip = 10 + head.subarray(6, 10).reduce((sum, byte) => sum * 0x80 + (byte & 0x7f), 0);
      else isContent = true;
    }
    if (!isContent) continue;
    yield head;
    head = new Uint8Array(0);
  }
  if (head.length > 0) yield head;
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
