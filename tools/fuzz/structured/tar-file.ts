/** Writes tar archives whose headers may say anything. POSIX ustar and pax */

export interface TarMember {
  name: string;
  content: Buffer;
  /** The text of the size. @default the content's */
  size?: string;
  type?: string;
  magic?: string;
  prefix?: string;
  link?: string;
  /** Added to the right sum. */
  sumOff?: number;
  /** Records of a pax header before this one. */
  pax?: string;
}

export const BLOCK = 512;

export function archive(members: readonly TarMember[]): Buffer {
  const written = members.flatMap(({ pax, ...member }) => [
    ...(pax === undefined
      ? []
      : [memberBytes({ name: 'PaxHeaders/x', type: 'x', content: Buffer.from(pax) })]),
    memberBytes(member),
  ]);
  return Buffer.concat([...written, Buffer.alloc(2 * BLOCK)]);
}

function memberBytes(member: TarMember): Buffer {
  const { name, content, type = '0', magic = 'ustar\x0000', prefix = '', link = '' } = member;
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(member.size ?? content.length.toString(8).padStart(11, '0'), 124, 12, 'latin1');
  header.write(`        ${type}`, 148, 'latin1');
  header.write(link, 157, 100);
  header.write(magic, 257, 'latin1');
  header.write(prefix, 345, 155);
  header.write(`${sumOf(header, member.sumOff).toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

/** Of a header, its own eight bytes counted as spaces. */
export function sumOf(header: Buffer, off = 0): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), off);
}
