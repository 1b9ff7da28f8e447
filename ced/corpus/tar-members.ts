/**
 * The members of a tar file and their positions, without their content: from header to header by
 * random access. Nothing is ever unpacked, so no name or link in it can lead anywhere. POSIX ustar
 * and pax; GNU long names and sizes. A hard link is the member that it leads to. Archives that were
 * put one behind the other are read as one.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export interface TarMember {
  name: string;
  /** Of the content. */
  offset: number;
  bytes: number;
  /** Stored with holes, so that its bytes are not the file's. */
  isSparse: boolean;
  /** A symbolic link, or a hard link to no member before it: it has no bytes here. */
  isLink: boolean;
}

/** Reads up to `bytes` bytes at an offset; fewer only at the end. */
export type ReadAt = (offset: number, bytes: number) => Promise<Buffer>;

export class TarInvalid extends Error {
  override readonly name = 'TarInvalid';
}

const BLOCK = 512;
const LONGEST_EXTENSION = 1 << 20;
/** Zeros between two archives: tar fills the last of 20 blocks, and some writers more. */
const LONGEST_GAP = 1 << 16;
/** Longer than any file system's; every name of an archive is in memory while it is listed. */
const LONGEST_NAME = 4096;

/**
 * Files and links; folders and devices are passed over.
 * @throws {TarInvalid} naming the byte
 */
export async function* tarMembers(readAt: ReadAt): AsyncGenerator<TarMember> {
  let extended: Extended = {};
  let last: Pick<TarMember, 'name' | 'offset' | 'bytes'> | null = null;
  const links = new HardLinks();
  for (let at = 0; ;) {
    const header = await readAt(at, BLOCK);
    if (header.length === 0 && last) await refuseCutMember(readAt, last);
    if (header.length === 0) return;
    if (isZero(header)) {
      const next = await nextArchive(readAt, at + BLOCK);
      if (next === null) return;
      at = next;
      continue;
    }
    if (header.length < BLOCK) throw new TarInvalid(`it breaks off in the header at byte ${at}`);
    if (!sumMatches(header))
      throw new TarInvalid(`the header at byte ${at} does not match its sum`);
    const type = String.fromCharCode(header[156] ?? 0);
    const stated = numberAt(header, 124, 12);
    const offset = at + BLOCK + (type === 'S' ? await sparseMapBytes(readAt, at, header) : 0);
    if (EXTENSIONS.includes(type)) {
      if (!(stated >= 0 && stated <= LONGEST_EXTENSION))
        throw new TarInvalid(`the extension at byte ${at} is ${stated} bytes long`);
      const content = await readAt(offset, stated);
      if (content.length < stated)
        throw new TarInvalid(`it breaks off in the extension at byte ${at}`);
      extended = { ...extended, ...extensionOf(type, content) };
      at = offset + padded(stated);
      continue;
    }
    const isLink = type === HARD_LINK || type === SYMBOLIC_LINK;
    const bytes = isLink ? 0 : (extended.bytes ?? stated);
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new TarInvalid(`the header at byte ${at} states a length of ${bytes}`);
    const name = extended.name ?? plainName(header);
    last = { name, offset, bytes };
    if (FILES.includes(type) || isLink) {
      if (name.length > LONGEST_NAME)
        throw new TarInvalid(`the name before byte ${at} has ${name.length} characters`);
      const isSparse = type === 'S' || extended.isSparse === true;
      const member = { name, offset, bytes, isSparse, isLink };
      const target = extended.link ?? textAt(header, 157, 100);
      yield type === HARD_LINK ? links.resolved(member, target) : links.remembered(member);
    }
    extended = {};
    at = offset + padded(bytes);
  }
}

/** Types of members: plain, contiguous and GNU's sparse files. */
const FILES = ['0', '\0', '7', 'S'];
const HARD_LINK = '1';
const SYMBOLIC_LINK = '2';
/** Headers that speak of the next one: of pax, and GNU's long names of members and of targets. */
const EXTENSIONS = ['x', 'g', 'L', 'K'];

/** Where the bytes of members lie, for the hard links that follow. */
class HardLinks {
  private readonly members = new Map<string, TarMember>();

  remembered(member: TarMember): TarMember {
    if (!member.isLink) this.members.set(member.name, member);
    return member;
  }

  resolved(link: TarMember, target: string): TarMember {
    const found = this.members.get(target);
    return found ? this.remembered({ ...found, name: link.name }) : link;
  }
}

/**
 * Zeros end an archive, but `cat a.tar b.tar` and single blocks of zeros are met too.
 * @returns where the next header begins, or null
 */
async function nextArchive(readAt: ReadAt, at: number): Promise<number | null> {
  const bytes = await readAt(at, LONGEST_GAP);
  for (let begin = 0; begin + BLOCK <= bytes.length; begin += BLOCK) {
    const block = bytes.subarray(begin, begin + BLOCK);
    if (!isZero(block)) return sumMatches(block) ? at + begin : null;
  }
  return null;
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** What a pax header says of the member that follows. */
interface Extended {
  name?: string;
  bytes?: number;
  isSparse?: boolean;
  /** Name that a link leads to. */
  link?: string;
}

function extensionOf(type: string, content: Buffer): Extended {
  if (type === 'x') return paxFields(content);
  const name = textAt(content, 0, content.length);
  return type === 'L' ? { name } : type === 'K' ? { link: name } : {};
}

/** An archive may end without its closing blocks, but not before its last member does. */
async function refuseCutMember(
  readAt: ReadAt,
  { name, offset, bytes }: Pick<TarMember, 'name' | 'offset' | 'bytes'>,
): Promise<void> {
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

/** The sum of all bytes, with its own eight counted as spaces; old writers summed signed bytes. */
function sumMatches(header: Buffer): boolean {
  let [sum, signed] = [0, 0];
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : header[at]!;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = numberAt(header, 148, 8);
  return stated === sum || stated === signed;
}

/** Octal text, or GNU's big-endian binary with the first bit set; NaN for anything else. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (header[at]! & 0x80) {
    let value = header[at]! & 0x7f;
    for (let byte = 1; byte < length; byte++) value = value * 256 + header[at + byte]!;
    return value;
  }
  const digits = textAt(header, at, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : NaN;
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
    if (key === 'linkpath') fields.link = value;
    if (key === 'size') fields.bytes = /^\d+$/.test(value) ? Number(value) : NaN;
    at += length;
  }
  return fields;
}
