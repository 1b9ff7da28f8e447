/** Takes Ogg files apart and puts pages together, right and wrong ones. */
import { pageCrc } from '../../../ced/audio/ogg-pages';

export interface PageSpec {
  /** 1 = goes on with a packet, 2 = first, 4 = last of its stream. */
  flags: number;
  position: bigint;
  serial: number;
  sequence: number;
  segments: Uint8Array;
  body: Uint8Array;
}

export function pagesOf(file: Buffer): PageSpec[] {
  const pages: PageSpec[] = [];
  for (let at = 0; at < file.length;) {
    const segments = file.subarray(at + 27, at + 27 + file[at + 26]!);
    const start = at + 27 + segments.length;
    const end = start + segments.reduce((sum, length) => sum + length, 0);
    pages.push({
      flags: file[at + 5]!,
      position: file.readBigInt64LE(at + 6),
      serial: file.readUInt32LE(at + 14),
      sequence: file.readUInt32LE(at + 18),
      segments,
      body: file.subarray(start, end),
    });
    at = end;
  }
  return pages;
}

export function oggBytes(pages: readonly PageSpec[]): Buffer {
  return Buffer.concat(
    pages.map(({ flags, position, serial, sequence, segments, body }) => {
      const header = Buffer.alloc(27);
      header.write('OggS', 'latin1');
      header[5] = flags;
      header.writeBigInt64LE(position, 6);
      header.writeUInt32LE(serial, 14);
      header.writeUInt32LE(sequence, 18);
      header[26] = segments.length;
      const page = Buffer.concat([header, segments, body]);
      page.writeUInt32LE(pageCrc(page, 0, page.length), 22);
      return page;
    }),
  );
}

/** One packet under 255 bytes on a page of its own. */
export function packetPage(packet: Uint8Array, spec: Partial<PageSpec> = {}): PageSpec {
  return {
    ...{ flags: 0, position: 0n, serial: 99, sequence: 0 },
    ...spec,
    segments: Uint8Array.of(packet.length),
    body: packet,
  };
}
