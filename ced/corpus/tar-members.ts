/**
 * What a tar file holds and where, without reading what it holds: from header to header by random
 * access. Nothing is ever unpacked, so no name or link in it can lead anywhere. POSIX ustar and
 * pax; GNU long names and sizes.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export interface TarMember {
  name: string;
  /** Of the content. */
  offset: number;
  bytes: number;
  /** Stored with holes, so that its bytes are not the file's. */
  isSparse: boolean;
}

/** Reads up to `bytes` bytes at an offset; fewer only at the end. */
export type ReadAt = (offset: number, bytes: number) => Promise<Buffer>;

export class TarInvalid extends Error {
  override readonly name = 'TarInvalid';
}

const BLOCK = 512;
const LONGEST_EXTENSION = 1 << 20;
/** Longer than any file system's; every name of an archive is in memory while it is listed. */
const LONGEST_NAME = 4096;

/**
 * Plain files only: links, folders and devices are passed over. @throws {TarInvalid} naming the
 * byte
 */
export async function* tarMembers(readAt: ReadAt): AsyncGenerator<TarMember> {
  let extended: Extended = {};
  let last: TarMember | null = null;
  for (let at = 0; ;) {
    const header = await readAt(at, BLOCK);
    if (header.length === 0 && last) await refuseCutMember(readAt, last);
    if (header.length === 0 || header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK) throw new TarInvalid(`it breaks off in the header at byte ${at}`);
    if (!sumMatches(header))
      throw new TarInvalid(`the header at byte ${at} does not match its sum`);
    const type = String.fromCharCode(header[156] ?? 0);
    const stated = numberAt(header, 124, 12);
    const offset = at + BLOCK + (type === 'S' ? await sparseMapBytes(readAt, at, header) : 0);
    if (type === 'x' || type === 'L' || type === 'g') {
      if (stated > LONGEST_EXTENSION)
        throw new TarInvalid(`the extension at byte ${at} is ${stated} bytes long`);
      const content = await readAt(offset, stated);
      if (type === 'x') extended = { ...extended, ...paxFields(content) };
      if (type === 'L') extended = { ...extended, name: textAt(content, 0, content.length) };
      at = offset + padded(stated);
      continue;
    }
    const bytes = extended.bytes ?? stated;
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new TarInvalid(`the header at byte ${at} states a length of ${bytes}`);
    if (type === '0' || type === '\0' || type === '7' || type === 'S') {
      const isSparse = type === 'S' || extended.isSparse === true;
      const name = extended.name ?? plainName(header);
      if (name.length > LONGEST_NAME)
        throw new TarInvalid(`the name before byte ${at} has ${name.length} characters`);
      last = { name, offset, bytes, isSparse };
      yield last;
    }
    extended = {};
    at = offset + padded(bytes);
  }
}

/** What a pax header says of the member that follows. */
interface Extended {
  name?: string;
  bytes?: number;
  isSparse?: boolean;
}

/** An archive may end without its closing blocks, but not before its last member does. */
async function refuseCutMember(readAt: ReadAt, { name, offset, bytes }: TarMember): Promise<void> {
  if (bytes === 0 || (await readAt(offset + bytes - 1, 1)).length === 1) return;
  throw new TarInvalid(`it breaks off inside of ${name.slice(0, 200)}; fetch it again`);
}

/** Bytes of the blocks that go on with the map of holes of GNU's old sparse format. */
async function sparseMapBytes(readAt: ReadAt, at: number, header: Buffer): Promise<number> {
  let bytes = 0;
  for (let more = header[482] === 1; more; bytes += BLOCK) {
    const block = await readAt(at + BLOCK + bytes, BLOCK);
    if (block.length < BLOCK) throw new TarInvalid(`it breaks off in the header at byte ${at}`);
    more = block[504] === 1;
  }
  return bytes;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

/** The sum of all bytes, with its own eight counted as spaces. */
function sumMatches(header: Buffer): boolean {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : header[at]!;
  return numberAt(header, 148, 8) === sum;
}

/** Octal text, or GNU's big-endian binary with the first bit set. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (header[at]! & 0x80) {
    let value = header[at]! & 0x7f;
    for (let byte = 1; byte < length; byte++) value = value * 256 + header[at + byte]!;
    return value;
  }
  return Number.parseInt(textAt(header, at, length).trim() || '0', 8);
}

function plainName(header: Buffer): string {
  const name = textAt(header, 0, 100);
  const prefix =
    textAt(header, 257, 5) === 'ustar' && header[262] === 0 ? textAt(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const end = bytes.subarray(at, at + length).indexOf(0);
  return bytes.toString('utf8', at, end < 0 ? at + length : at + end);
}

/** Records of `length key=value\\n`. */
function paxFields(content: Buffer): Extended {
  const fields: Extended = {};
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(content.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) break;
    const record = content.toString('utf8', at, at + length - 1);
    const [key = '', value = ''] = [
      record.slice(record.indexOf(' ') + 1, record.indexOf('=')),
      record.slice(record.indexOf('=') + 1),
    ];
    if (key === 'path' || key === 'GNU.sparse.name') fields.name = value;
    if (key.startsWith('GNU.sparse.')) fields.isSparse = true;
    if (key === 'size') fields.bytes = Number(value);
    at += length;
  }
  return fields;
}
