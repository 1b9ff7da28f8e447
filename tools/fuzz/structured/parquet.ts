/**
 * Parquet files that lie in their footer or in the headers of their pages: tables of clips and
 * logit shards, read as a store's are, and published spans, read in a process of their own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeShardTable, encodeShardTable } from '../../../ced/audio/shard-table';
import { createLogitTable, type LogitTable } from '../../../ced/logits/logit-table';
import { decodeLogitShard, encodeLogitShard } from '../../../ced/logits/shard-file';
import { readApart } from '../../../storage/reader/read-apart';
import type { Draws } from '../draws';
import { editParquet, type ThriftStruct } from '../parquet-edit';
import { digestOf, type Forgery, type StructuredFormat } from './forgery';
import { inFolder } from './in-folder';

interface Original {
  bytes: Buffer;
  reading: string;
}

/** Of so many files one is read apart, since a process of its own takes a third of a second. */
const APART = 8;

export async function parquetFormat(root: string): Promise<StructuredFormat> {
  const clips = [
    { clip: 'a', sha256: 'x', offset: 0, samples: 5, labels: [1, 2] },
    { clip: 'b', sha256: 'y', offset: 5, samples: 9, labels: null },
    { clip: 'c', sha256: 'z', offset: 14, samples: 4, labels: [] },
  ];
  const logits = logitTable();
  const inWorker: Original[] = [
    { bytes: Buffer.from(await encodeShardTable(clips)), reading: digestOf(clips) },
    { bytes: Buffer.from(await encodeLogitShard(logits)), reading: tableDigest(logits) },
  ];
  const spans: Original = {
    bytes: readFileSync(join(root, 'test/reference/published/logits_ep2_0.parquet')),
    reading: digestOf([
      ['clip0.wav', 0, 160_000],
      ['clip1.wav', 0, 123_456],
      ['clip2.wav', 0, 95_000],
    ]),
  };
  return {
    good: { bytes: inWorker[0]!.bytes, lies: [], readings: [inWorker[0]!.reading] },
    forge: async (draws) => {
      const isApart = draws.below(APART) === 0;
      return await Promise.resolve(forge(isApart ? spans : draws.pick(inWorker), draws));
    },
    read: async (bytes, name) => {
      if (bytes.includes('filename')) return await readSpans(bytes, name);
      if (bytes.includes('sha256')) return digestOf(await decodeShardTable(bytes));
      return tableDigest(await decodeLogitShard(bytes));
    },
  };
}

async function readSpans(bytes: Buffer, name: string): Promise<string> {
  return await inFolder({ [name]: bytes }, async (folder) => {
    const { value } = await readApart('publishedSpans', join(folder, name), 'published logits');
    return digestOf(value.filenames.map((file, row) => [file, value.starts[row], value.ends[row]]));
  });
}

function logitTable(): LogitTable {
  const table = createLogitTable(12, 3);
  for (let row = 0; row < table.rows; row++) {
    table.clip[row] = row >> 2;
    table.view[row] = row & 3;
    table.shift[row] = row % 3 === 0 ? 0 : 100 * row;
    table.timeWidth[row] = row;
    for (let pair = 0; pair < table.topK; pair++) {
      table.indexes[3 * row + pair] = (5 * row + pair) % 40;
      table.values[3 * row + pair] = 0x3800 - 256 * pair - row;
    }
  }
  return table;
}

function tableDigest(table: LogitTable): string {
  return digestOf(
    Object.entries(table)
      .map(([name, value]) => [
        name,
        typeof value === 'number' ? value : Array.from(value as ArrayLike<number>),
      ])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
}

/**
 * Fields that say how bytes are understood or where they lie: what they say instead is another
 * table. Of schema elements and columns, and of page headers.
 */
const MEANING =
  /^footer\.(2\.\d+\.(1|3|4|6|10)|4\.\d+\.1\.\d+\.(2|3\.(1|2|3|4|9|11))|5)|^page \d+\.(1|5\.(2|3|4)|7\.(2|3)|8\.(4|7))/;

interface Leaf {
  path: string;
  holder: Record<string | number, unknown>;
  key: string | number;
}

function forge({ bytes, reading }: Original, draws: Draws): Forgery {
  const lies: string[] = [];
  let isOther = false;
  const lieIn = (struct: ThriftStruct, where: string, count: number): void => {
    for (let lie = 0; lie < count; lie++) {
      const leaf = draws.pick(leavesOf(struct, where));
      const told = tell(leaf, draws);
      lies.push(`${leaf.path.slice(0, 80)} ${told}`);
      isOther ||= MEANING.test(leaf.path.replace(/field_/g, ''));
    }
  };
  const [page, inPage, inFooter] = [draws.below(12), draws.below(3), 1 + draws.below(2)];
  let forged = Buffer.from(
    editParquet(bytes, {
      page: (header, column) => {
        if (column !== page || inPage === 0) return;
        if (draws.below(4) === 0) addChecksum(header, draws.pick([0, 1, -1]));
        lieIn(header, `page ${column}`, inPage);
      },
      footer: (footer) => lieIn(footer, 'footer', inPage > 0 && lies.length > 0 ? 0 : inFooter),
    }),
  );
  if (draws.below(10) === 0) {
    const length = draws.pick([0, 1, -1, 2 ** 31 - 1, -8, forged.length, forged.length - 12]);
    lies.push(`length of the footer ${length}`);
    forged.writeInt32LE(length, forged.length - 8);
  } else if (draws.below(10) === 0) {
    const end = draws.below(forged.length);
    lies.push(`cut to ${end} bytes`);
    forged = forged.subarray(0, end);
  }
  return { bytes: forged, lies, readings: isOther ? null : [reading] };
}

/** A wrong one, in its place: Thrift's fields are written in the order of their numbers. */
function addChecksum(header: ThriftStruct, crc: number): void {
  const later = Object.entries(header).slice(3) as [`field_${number}`, unknown][];
  for (const [key] of later) delete header[key];
  header['field_4'] = crc;
  for (const [key, value] of later) header[key] = value;
}

function leavesOf(value: unknown, path: string): Leaf[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => {
    const at = `${path}.${key}`;
    return [{ path: at, holder, key }, ...leavesOf(holder[key], at)];
  });
}

const NUMBERS = [0, 1, -1, 2, 7, 127, 255, 2 ** 16, 2 ** 24, 2 ** 31 - 1, -(2 ** 31)];
const LONG = [0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

function tell({ holder, key }: Leaf, draws: Draws): string {
  const value = holder[key];
  const isField = !Array.isArray(holder);
  if (isField && draws.below(8) === 0) {
    delete holder[key];
    return 'is missing';
  }
  if (typeof value === 'number')
    return `→ ${String((holder[key] = draws.pick([...NUMBERS, value + 1, value - 1])))}`;
  if (typeof value === 'bigint')
    return `→ ${String((holder[key] = draws.pick([...LONG, value + 1n, value - 1n, value * 2n])))}`;
  if (typeof value === 'boolean') return `→ ${String((holder[key] = !value))}`;
  if (value instanceof Uint8Array) {
    const texts = ['', 'clip', '__proto__', 'x'.repeat(100_000), '\ud800'];
    return `→ ${String((holder[key] = draws.pick(texts))).slice(0, 40)}`;
  }
  if (Array.isArray(value) && value.length > 0) {
    const at = draws.below(value.length);
    switch (draws.below(3)) {
      case 0:
        value.splice(at, 1);
        return `lacks item ${at}`;
      case 1:
        value.push(structuredClone(value[at]));
        return `has item ${at} twice`;
      default:
        value.reverse();
        return 'is reversed';
    }
  }
  return 'is kept';
}
