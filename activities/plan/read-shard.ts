/**
 * WebDataset shards and other tar files of clips: their headers and labels are read by range, the
 * audio stays where it is until a shard is made of it.
 */
import type { ByteRange } from '../../ced/corpus/address';
import type { TableRows } from '../../ced/corpus/table-row';
import { tarMembers, type ReadAt } from '../../ced/corpus/tar-members';
import { readWebDatasetShard, type TarRow } from '../../ced/corpus/webdataset';
import { openSource } from '../../storage/sources/open-source';
import {
  readSource,
  SourceUnreadable,
  type Source,
  type SourceOptions,
} from '../../storage/sources/source';
import { findEmbedded } from './embedded-rows';

/**
 * Headers lie between clips of 100 kB and more: a small window reads a header, the label beside it
 * and the next header at once.
 */
const WINDOW_BYTES = 16 << 10;

/**
 * @param length bytes of the shard, null where its server does not state it
 * @throws {TarInvalid | SourceUnreadable}
 */
export async function readShard(
  place: string,
  source: Source,
  length: number | null,
): Promise<TableRows & { rows: TarRow[] }> {
  return await readWebDatasetShard(place, {
    name: source.name,
    readAt: windowed(source, length),
  });
}

/** Finds the audio of rows that name a tar file and a member of it; rejects those without. */
export async function findMembers(table: TableRows, sources: SourceOptions): Promise<void> {
  const open = (place: string): Promise<Members | string> => membersOf(place, sources);
  await findEmbedded(table, 'member', open, (members, { member }) => {
    const range = members.get(member!);
    return range ? { range } : null;
  });
}

/** By name, the first of equal ones. */
type Members = Map<string, ByteRange>;

/** @returns why there is none, as a text */
async function membersOf(place: string, sources: SourceOptions): Promise<Members | string> {
  const source = openSource(place, sources);
  const version = await source.describe();
  if (!version) return `no such file: ${source.name}`;
  const members: Members = new Map();
  const readAt = windowed(source, version.bytes);
  for await (const { name, offset, bytes, isLink, isSparse } of tarMembers(readAt))
    if (!isLink && !isSparse && !members.has(name)) members.set(name, { offset, bytes });
  return members;
}

function windowed(source: Source, length: number | null): ReadAt {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (offset, bytes) => {
    if (length !== null && offset >= length) return Buffer.alloc(0);
    const covered = offset >= start && offset + bytes <= start + window.length;
    if (!covered) {
      const wanted = Math.max(bytes, WINDOW_BYTES);
      const available = length === null ? bytes : Math.min(wanted, length - offset);
      const range = { offset, bytes: available };
      window = await readSource(source, available, range).catch((error: unknown) => {
        // Of a source that does not state its length, nothing else tells where it ends.
        if (length === null && error instanceof SourceUnreadable) return Buffer.alloc(0);
        throw error;
      });
      start = offset;
    }
    return window.subarray(offset - start, offset - start + bytes);
  };
}
