/** Tar archives as bytes, member by member, also as no archiver here would write them. */

export interface TarEntry {
  name: string;
  content?: string | Uint8Array;
  /** One of ustar's, pax's or GNU's letters. @default '0', a file */
  type?: string;
  /** Where a link leads to. */
  link?: string;
}

const BLOCK = 512;

export function tarBytes(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(memberOf), Buffer.alloc(2 * BLOCK)]);
}

function memberOf({ name, content = '', type = '0', link = '' }: TarEntry): Buffer[] {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(bytes.length.toString(8).padStart(11, '0'), 124);
  header.write(`        ${type}`, 148);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}

/** The content of a pax header: `length key=value\n` for each. */
export function paxContent(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      let length = rest.length + 1;
      while (`${length}${rest}`.length !== length) length++;
      return `${length}${rest}`;
    })
    .join('');
}
