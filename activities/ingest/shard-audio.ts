/**
 * The samples of a shard while it is made, end to end, in pieces of memory that are used again for
 * the next shard: fresh memory costs a fault for every page.
 */

const PIECE_BYTES = 2 ** 24;
/** A shard of 512 clips of ten seconds takes ten. */
const KEPT_PIECES = 12;
/** A process that makes no more shards soon frees the memory. */
const KEPT_MS = 60_000;

let idle: Uint8Array[] = [];
let expiry: NodeJS.Timeout | undefined;

export class ShardAudio {
  private readonly pieces: Uint8Array[] = [];
  private bytes = 0;

  /** Samples so far. */
  get length(): number {
    return this.bytes / 2;
  }

  append(samples: Uint8Array): void {
    for (let at = 0; at < samples.length;) {
      const filled = this.bytes % PIECE_BYTES;
      if (filled === 0) this.pieces.push(idle.pop() ?? new Uint8Array(PIECE_BYTES));
      const part = samples.subarray(at, at + PIECE_BYTES - filled);
      this.pieces.at(-1)!.set(part, filled);
      this.bytes += part.length;
      at += part.length;
    }
  }

  /** All that was appended; valid until it is released. */
  parts(): Uint8Array[] {
    return this.pieces.map((piece, index) => piece.subarray(0, this.bytes - index * PIECE_BYTES));
  }

  release(): void {
    idle = [...idle, ...this.pieces.splice(0)].slice(0, KEPT_PIECES);
    this.bytes = 0;
    clearTimeout(expiry);
    expiry = setTimeout(() => (idle = []), KEPT_MS).unref();
  }
}
