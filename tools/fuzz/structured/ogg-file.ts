/** Puts packets into Ogg pages, and names the fields of every page. RFC 3533 */
import { pageCrc } from '../../../ced/audio/ogg-pages';
import type { Field, Layout, Part } from './layout';

/** What one page ends. */
export interface PacketGroup {
  packets: readonly Buffer[];
  position: number;
}

export interface Ogg extends Layout {
  pages: readonly Part[];
}

const HEADER_BYTES = 27;

/** @param heads fields of the first packet, from its beginning */
export function oggFile(groups: readonly PacketGroup[], heads: readonly Field[]): Ogg {
  const fields: Field[] = [];
  const pages: Part[] = [];
  const content: Buffer[] = [];
  let from = 0;
  for (const [number, { packets, position }] of groups.entries()) {
    const segments = packets.flatMap(({ length }) => [
      ...new Array<number>(Math.floor(length / 255)).fill(255),
      length % 255,
    ]);
    const header = Buffer.alloc(HEADER_BYTES + segments.length);
    header.write('OggS', 'latin1');
    header[5] = (number === 0 ? 2 : 0) + (number === groups.length - 1 ? 4 : 0);
    header.writeBigInt64LE(BigInt(position), 6);
    header.writeUInt32LE(0x5eed, 14);
    header.writeUInt32LE(number, 18);
    header[26] = segments.length;
    header.set(segments, HEADER_BYTES);
    const named = (name: string, at: number, bytes: number): void =>
      void fields.push({ name: `page ${number}.${name}`, at: from + at, bytes });
    named('magic', 0, 4);
    named('version', 4, 1);
    named('flags', 5, 1);
    named('position', 6, 8);
    named('serial', 14, 4);
    named('sequence', 18, 4);
    named('crc', 22, 4);
    named('segments', 26, 1);
    for (const [index] of segments.slice(0, 4).entries())
      named(`segment ${index}`, HEADER_BYTES + index, 1);
    if (number === 0)
      for (const head of heads) fields.push({ ...head, at: from + header.length + head.at });
    const page = Buffer.concat([header, ...packets]);
    content.push(page);
    pages.push({ name: `page ${number}`, from, to: from + page.length });
    from += page.length;
  }
  const writeChecksums = (bytes: Buffer): void => {
    for (const page of pages)
      bytes.writeUInt32LE(pageCrc(bytes, page.from, page.to), page.from + 22);
  };
  const bytes = Buffer.concat(content);
  writeChecksums(bytes);
  return { bytes, fields, parts: pages, pages, writeChecksums };
}

/** The packets of a file without lies, each with the position of the page that ends it. */
export function packetsOf(bytes: Buffer): { packet: Buffer; position: number }[] {
  const found: { packet: Buffer; position: number }[] = [];
  let begun: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const segments = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes[at + 26]!);
    let from = at + HEADER_BYTES + segments.length;
    for (const length of segments) {
      begun.push(bytes.subarray(from, from + length));
      from += length;
      if (length === 255) continue;
      found.push({ packet: Buffer.concat(begun), position: Number(bytes.readBigInt64LE(at + 6)) });
      begun = [];
    }
    at = from;
  }
  return found;
}
