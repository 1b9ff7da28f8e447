/** What stands before the samples of an audio shard. */
import { fstatSync, readSync } from 'node:fs';
import { encodeNpyInt16Header, npyHeaderBytes } from '../../ced/audio/npy';

/**
 * Whether an open shard begins with the header that goes before as many samples as it holds. The
 * clips are hashed one by one; this is the rest of the file.
 */
export function isShardHeadIntact(file: number): boolean {
  const samples = (fstatSync(file).size - npyHeaderBytes) / 2;
  const head = new Uint8Array(npyHeaderBytes);
  readSync(file, head, 0, head.length, 0);
  return Buffer.from(encodeNpyInt16Header(samples)).equals(head);
}
