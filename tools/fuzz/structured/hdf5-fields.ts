/**
 * The fields of an HDF5 file as h5py writes it: superblock, groups, object headers, their messages,
 * and the index of chunks. https://docs.hdfgroup.org/hdf5/develop/_f_m_t11.html
 */
import type { Field, Layout, Part } from './layout';

/** Messages of object headers, by type: places and widths of their fields. */
const MESSAGES: Readonly<Record<number, { name: string; fields: [string, number, number][] }>> = {
  0x1: {
    name: 'dataspace',
    fields: [
      ['version', 0, 1],
      ['rank', 1, 1],
      ['flags', 2, 1],
      ['extent 0', 8, 8],
      ['extent 1', 16, 8],
    ],
  },
  0x3: {
    name: 'datatype',
    fields: [
      ['class', 0, 1],
      ['order', 1, 1],
      ['bits', 2, 2],
      ['size', 4, 4],
      ['offset', 8, 2],
      ['precision', 10, 2],
    ],
  },
  0x5: {
    name: 'fill',
    fields: [
      ['version', 0, 1],
      ['allocation', 1, 1],
      ['write', 2, 1],
      ['defined', 3, 1],
    ],
  },
  0x8: {
    name: 'layout',
    fields: [
      ['version', 0, 1],
      ['class', 1, 1],
      ['rank', 2, 1],
      ['address', 3, 8],
      ['chunk 0', 11, 4],
      ['chunk 1', 15, 4],
      ['chunk 2', 19, 4],
    ],
  },
  0xb: {
    name: 'filters',
    fields: [
      ['version', 0, 1],
      ['count', 1, 1],
      ['filter', 8, 2],
      ['name', 10, 2],
      ['flags', 12, 2],
      ['values', 14, 2],
    ],
  },
  0x10: {
    name: 'continuation',
    fields: [
      ['address', 0, 8],
      ['length', 8, 8],
    ],
  },
};

export function hdf5Layout(bytes: Buffer): Layout {
  const walk = new Walk(bytes);
  walk.superblock();
  return { bytes, fields: walk.fields, parts: walk.parts };
}

class Walk {
  readonly fields: Field[] = [];
  readonly parts: Part[] = [];

  constructor(private readonly bytes: Buffer) {}

  superblock(): void {
    this.named('superblock', 0, [
      ['signature', 0, 8],
      ['version', 8, 1],
      ['free version', 9, 1],
      ['root version', 10, 1],
      ['header version', 12, 1],
      ['offset size', 13, 1],
      ['length size', 14, 1],
      ['leaf', 16, 2],
      ['internal', 18, 2],
      ['flags', 20, 4],
      ['base', 24, 8],
      ['end', 40, 8],
      ['root name', 56, 8],
      ['root header', 64, 8],
      ['root cache', 72, 4],
      ['root tree', 80, 8],
      ['root heap', 88, 8],
    ]);
    this.header('root', this.address(64));
    this.heap(this.address(88));
    this.group(this.address(80));
  }

  private heap(at: number): void {
    this.named('heap', at, [
      ['signature', 0, 4],
      ['version', 4, 1],
      ['size', 8, 8],
      ['free', 16, 8],
      ['address', 24, 8],
    ]);
  }

  private node(name: string, at: number): number {
    this.named(name, at, [
      ['signature', 0, 4],
      ['type', 4, 1],
      ['level', 5, 1],
      ['entries', 6, 2],
      ['left', 8, 8],
      ['right', 16, 8],
    ]);
    return this.bytes.readUInt16LE(at + 6);
  }

  private group(at: number): void {
    this.node('group', at);
    this.named('group', at, [
      ['first key', 24, 8],
      ['child', 32, 8],
    ]);
    const symbols = this.address(at + 32);
    this.named('symbols', symbols, [
      ['signature', 0, 4],
      ['version', 4, 1],
      ['count', 6, 2],
    ]);
    for (let entry = 0; entry < this.bytes.readUInt16LE(symbols + 6); entry++) {
      const place = symbols + 8 + 40 * entry;
      this.named(`symbol ${entry}`, place, [
        ['name', 0, 8],
        ['header', 8, 8],
        ['cache', 16, 4],
      ]);
      this.parts.push({ name: `symbol ${entry}`, from: place, to: place + 40 });
      this.header(`dataset ${entry}`, this.address(place + 8));
    }
  }

  private header(name: string, at: number): void {
    this.named(`${name} header`, at, [
      ['version', 0, 1],
      ['messages', 2, 2],
      ['references', 4, 4],
      ['size', 8, 4],
    ]);
    this.messages(name, at + 16, this.bytes.readUInt32LE(at + 8));
  }

  private messages(name: string, from: number, length: number): void {
    for (let at = from; at + 8 <= from + length;) {
      const [type, size] = [this.bytes.readUInt16LE(at), this.bytes.readUInt16LE(at + 2)];
      const known = MESSAGES[type];
      if (known) {
        const where = `${name} ${known.name}`;
        this.named(where, at, [
          ['message type', 0, 2],
          ['message size', 2, 2],
          ['message flags', 4, 1],
        ]);
        this.named(
          where,
          at + 8,
          known.fields.filter(([, offset, bytes]) => offset + bytes <= size),
        );
        this.parts.push({ name: where, from: at, to: at + 8 + size });
      }
      if (type === 0x10)
        this.messages(name, this.address(at + 8), Number(this.bytes.readBigUInt64LE(at + 16)));
      if (type === 0x8 && this.bytes[at + 9] === 2)
        this.chunks(name, this.address(at + 11), this.bytes[at + 10]!);
      at += 8 + size;
    }
  }

  /** @param rank of the chunks, with the one of the element's bytes */
  private chunks(name: string, at: number, rank: number): void {
    const entries = this.node(`${name} chunks`, at);
    const step = 8 + 8 * rank + 8;
    for (let entry = 0; entry < entries; entry++)
      this.named(`${name} chunk ${entry}`, at + 24 + step * entry, [
        ['bytes', 0, 4],
        ['mask', 4, 4],
        ['offset 0', 8, 8],
        ['offset 1', 16, 8],
        ['address', step - 8, 8],
      ]);
  }

  private address(at: number): number {
    return Number(this.bytes.readBigUInt64LE(at));
  }

  private named(where: string, from: number, fields: readonly [string, number, number][]): void {
    for (const [name, at, bytes] of fields)
      this.fields.push({ name: `${where}.${name}`, at: from + at, bytes });
  }
}
