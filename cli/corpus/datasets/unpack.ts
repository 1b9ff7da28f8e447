/**
 * Unpacks a dataset's archive (.zip, .tar, .tar.gz, .tgz) into the cache, once. Only audio files
 * and texts are written, under names that cannot lead out of the folder, within a limit of bytes.
 */
import { counted } from '../../../ced/counted';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openPromise, type Entry } from 'yauzl';
import { foreignContent, LOOKED_AT_BYTES } from '../../../ced/corpus/foreign-content';
import { tarMembers } from '../../../ced/corpus/tar-members';
import { UsageError } from '../../../infra/command-line/usage-error';
import { isAudio } from './audio-files';
import { cachedFolder, type CachedFolder } from './cached-folder';
import { fileBeginning } from './file-beginning';
import { TAR } from './table-places';

const TEXTS = new Set(['.csv', '.tsv', '.txt', '.json', '.jsonl', '.cls']);
export const PACKED = /\.(gz|tgz|bz2|xz|zst|zip|7z|rar)$/i;
const MOST_FILES = 5_000_000;
const PART_BYTES = 1 << 20;
/** Type of file in the attributes that Unix stores in a zip. */
const SYMBOLIC_LINK = 0xa;

/** @param mostBytes of all that is written @default nine tenths of the free space */
export async function unpack(
  archive: string,
  cache: string,
  mostBytes?: number,
): Promise<CachedFolder> {
  const { size, mtimeMs } = await stat(archive);
  const identity = `3 ${resolve(archive)} ${size} ${mtimeMs}`;
  return await cachedFolder(cache, archive, identity, async (folder, free) => {
    const most = mostBytes ?? free;
    const writer = new MemberWriter(folder, most);
    const kind = await kindOf(archive);
    if (kind === 'zip') await unpackZip(archive, writer);
    else if (kind === 'tar') await unpackTar(archive, writer);
    else {
      const tar = join(folder, '.archive.tar');
      const written = await gunzip(createReadStream(archive), tar, archive, most);
      // Both lie on the disk until the members are written.
      writer.limitTo(most - written);
      await unpackTar(tar, writer);
      await rm(tar);
    }
    return writer.notes;
  });
}

/**
 * @param name of the archive, for messages
 * @returns how many bytes were written
 * @throws {UsageError} for more than `most` bytes, and for bytes that are no gzip
 */
export async function gunzip(
  packed: AsyncIterable<Uint8Array>,
  to: string,
  name: string,
  most: number,
): Promise<number> {
  const limit = limited(most, name);
  await pipeline(packed, createGunzip(), limit, createWriteStream(to)).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^Z_/.test(code)) throw error;
    throw new UsageError(`ced init: ${name} is damaged (${message}); fetch it again`);
  });
  return limit.passed;
}

/** By its first bytes. @throws {UsageError} for a file that is no archive */
export async function kindOf(archive: string): Promise<'zip' | 'tar' | 'gzip'> {
  const head = await fileBeginning(archive, LOOKED_AT_BYTES);
  if (head.toString('latin1', 0, 2) === 'PK') return 'zip';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  const { what, remedy } = foreignContent(head) ?? {
    what: head.length === 0 ? 'empty' : 'no .zip, .tar or .tar.gz',
    remedy: 'expected one of these, or a folder',
  };
  const expected = head.length === 0 ? 'fetch it again' : remedy;
  throw new UsageError(`ced init: ${archive} is ${what}; ${expected}`);
}

class MemberWriter {
  private bytes = 0;
  private files = 0;
  private readonly leftOut = new Map<string, { count: number; first: string }>();

  constructor(
    private readonly folder: string,
    private mostBytes: number,
  ) {}

  limitTo(mostBytes: number): void {
    this.mostBytes = mostBytes;
  }

  /** @param what several of them, and the remedy */
  leaveOut(what: string, name: string): void {
    const { count, first } = this.leftOut.get(what) ?? { count: 0, first: name };
    this.leftOut.set(what, { count: count + 1, first });
  }

  get notes(): string[] {
    return [...this.leftOut].map(
      ([what, { count, first }]) =>
        counted(count, 'member of the archive is', 'members of the archive are') +
        ` left out, for example ${first.slice(0, 200)}: ${what}`,
    );
  }

  /**
   * Where a member belongs, or null for one that is left out.
   * @throws {UsageError} for a name that leads out
   */
  pathOf(name: string): string | null {
    const plain = name.replace(/^\.\//, '');
    const path = resolve(this.folder, plain);
    if (!path.startsWith(this.folder + sep) || plain.includes('\0'))
      throw new UsageError(`ced init: the archive's member ${name.slice(0, 200)} leads out of it`);
    const base = plain.slice(plain.lastIndexOf('/') + 1);
    if (base.startsWith('.') || plain.startsWith('__MACOSX/')) return null;
    if (isAudio(base) || TEXTS.has(extname(base).toLowerCase())) return path;
    if (PACKED.test(base) || TAR.test(base))
      this.leaveOut('packed themselves; unpack the archive and them, and name the folder', name);
    return null;
  }

  async write(path: string, content: Readable, name: string): Promise<void> {
    if (++this.files > MOST_FILES)
      throw new UsageError(`ced init: the archive holds more than ${MOST_FILES} files`);
    await mkdir(dirname(path), { recursive: true });
    const limit = limited(this.mostBytes - this.bytes, name);
    await pipeline(content, limit, createWriteStream(path, { flags: 'wx' }));
    this.bytes += limit.passed;
  }
}

/** Fails once more than `most` bytes came through: a bomb ends here, not with a full disk. */
function limited(most: number, name: string): Transform & { passed: number } {
  const limit = Object.assign(
    new Transform({
      transform(part: Buffer, _encoding, done) {
        limit.passed += part.length;
        if (limit.passed > most)
          done(
            new UsageError(
              `ced init: ${name} unpacks to over ${most} bytes, the free space in the cache; ` +
                'name a larger one with CED_CACHE',
            ),
          );
        else done(null, part);
      },
    }),
    { passed: 0 },
  );
  return limit;
}

async function unpackZip(archive: string, writer: MemberWriter): Promise<void> {
  const refuse = (error: unknown): never => {
    if (error instanceof UsageError || (error as NodeJS.ErrnoException).code) throw error;
    throw new UsageError(
      `ced init: ${archive} cannot be unpacked: ${(error as Error).message}; pack it again`,
    );
  };
  const options = { lazyEntries: true, validateEntrySizes: true };
  const zip = await openPromise(archive, options).catch(refuse);
  try {
    for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
      if (entry.fileName.endsWith('/')) continue;
      if (entry.externalFileAttributes >>> 28 === SYMBOLIC_LINK) {
        writer.leaveOut('links; pack the files themselves', entry.fileName);
        continue;
      }
      const path = writer.pathOf(entry.fileName);
      if (path !== null)
        await writer.write(path, await zip.openReadStreamPromise(entry), entry.fileName);
    }
  } catch (error) {
    refuse(error);
  } finally {
    zip.close();
  }
}

async function unpackTar(archive: string, writer: MemberWriter): Promise<void> {
  const file = await open(archive);
  try {
    const readAt = async (offset: number, bytes: number): Promise<Buffer> => {
      const part = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(part, 0, bytes, offset);
      return part.subarray(0, bytesRead);
    };
    for await (const { name, offset, bytes, isSparse, isLink } of tarMembers(readAt)) {
      if (isSparse) writer.leaveOut('sparse files; pack them without --sparse', name);
      if (isLink) writer.leaveOut('links; pack the files themselves with --dereference', name);
      const path = isSparse || isLink ? null : writer.pathOf(name);
      if (path === null) continue;
      const parts = async function* (): AsyncGenerator<Buffer> {
        for (let at = 0; at < bytes; at += PART_BYTES)
          yield await readAt(offset + at, Math.min(PART_BYTES, bytes - at));
      };
      await writer.write(path, Readable.from(parts(), { objectMode: false }), name);
    }
  } finally {
    await file.close();
  }
}
