/**
 * Unpacks a dataset's archive (.zip, .tar, .tar.gz, .tgz) into the cache, once. Only audio files
 * and texts are written, under names that cannot lead out of the folder, within a limit of bytes.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openPromise, type Entry } from 'yauzl';
import { tarMembers } from '../../../ced/corpus/tar-members';
import { UsageError } from '../../../infra/command-line/usage-error';
import { isAudio } from './audio-files';

const TEXTS = new Set(['.csv', '.tsv', '.txt', '.json', '.jsonl', '.cls']);
/** An archive never fills the disk. */
const SHARE_OF_FREE_SPACE = 0.9;
const MOST_FILES = 5_000_000;
const PART_BYTES = 1 << 20;

/**
 * @param mostBytes of all that is written @default nine tenths of the free space
 * @returns the folder that holds the archive's files
 */
export async function unpack(archive: string, cache: string, mostBytes?: number): Promise<string> {
  const { size, mtimeMs } = await stat(archive);
  const identity = createHash('sha256').update(`${resolve(archive)} ${size} ${mtimeMs}`);
  const folder = join(cache, 'datasets', identity.digest('hex').slice(0, 16));
  if (await stat(folder).catch(() => null)) return folder;
  const aside = `${folder}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true, mode: 0o700 });
  try {
    const { bavail, bsize } = await statfs(aside);
    const most = mostBytes ?? Math.floor(bavail * bsize * SHARE_OF_FREE_SPACE);
    const writer = new MemberWriter(aside, most);
    const kind = await kindOf(archive);
    if (kind === 'zip') await unpackZip(archive, writer);
    else if (kind === 'tar') await unpackTar(archive, writer);
    else {
      const tar = join(aside, '.archive.tar');
      const limit = limited(most, archive);
      await pipeline(createReadStream(archive), createGunzip(), limit, createWriteStream(tar));
      // Both lie on the disk until the members are written.
      await unpackTar(tar, new MemberWriter(aside, most - limit.passed));
      await rm(tar);
    }
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** By its first bytes. @throws {UsageError} for a file that is no archive */
export async function kindOf(archive: string): Promise<'zip' | 'tar' | 'gzip'> {
  const file = await open(archive);
  try {
    const head = Buffer.alloc(512);
    await file.read(head, 0, 512, 0);
    if (head.toString('latin1', 0, 2) === 'PK') return 'zip';
    if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
    if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  } finally {
    await file.close();
  }
  throw new UsageError(
    `ced init: ${archive} is no .zip, .tar or .tar.gz; expected one of these, or a folder`,
  );
}

class MemberWriter {
  private bytes = 0;
  private files = 0;

  constructor(
    private readonly folder: string,
    private readonly mostBytes: number,
  ) {}

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
    const wanted = isAudio(base) || TEXTS.has(extname(base).toLowerCase());
    return wanted && !base.startsWith('.') && !plain.startsWith('__MACOSX/') ? path : null;
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
  const zip = await openPromise(archive, { lazyEntries: true, validateEntrySizes: true }).catch(
    (error: unknown) => {
      throw new UsageError(`ced init: ${archive}: ${(error as Error).message}`);
    },
  );
  try {
    for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
      if (entry.fileName.endsWith('/')) continue;
      const path = writer.pathOf(entry.fileName);
      if (path !== null)
        await writer.write(path, await zip.openReadStreamPromise(entry), entry.fileName);
    }
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
