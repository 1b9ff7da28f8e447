/** From a path or URI to something that can be read. */
import { closeSync, constants, fstatSync, open, read } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openGcs } from '../gcs/gcs-client';
import { GcsObject } from '../gcs/gcs-object';
import { S3Bucket } from '../s3/s3-bucket';
import { openS3 } from '../s3/s3-client';
import { S3Object } from '../s3/s3-object';
import { BucketSource } from './bucket-source';
import { HttpSource } from './http-source';
import { openHubSource } from './hub-source';
import { brokenLink, irregularKind, type IrregularFile } from './irregular-file';
import { SourceUnreadable, type Source, type SourceOptions, type SourceVersion } from './source';
import { WatchedSource } from './watched-source';
import { type ByteRange, parseBucketUri } from '../../ced/corpus/address';

const READ_BYTES = 2 ** 20;
/** Of a path that leads to no file. */
const NOT_THERE = ['ENOENT', 'EACCES', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

const [openFile, readInto] = [promisify(open), promisify(read)];

/**
 * @param place absolute path or URI.
 * @throws {SourceUnreadable} for a kind of place that cannot be read
 */
export function openSource(place: string, options: SourceOptions = {}): Source {
  const source = openPlain(place, options);
  return options.retry ? new WatchedSource(source, options.retry) : source;
}

function openPlain(place: string, options: SourceOptions): Source {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return new FileSource(place);
    case 'gs':
    case 's3':
      return openInBucket(place, options);
    case 'https':
    case 'http':
      return new HttpSource(place, options);
    case 'hf':
      return openHubSource(place, options);
    default:
      throw new SourceUnreadable(
        `${scheme}:// cannot be read, expected a path, gs://, s3://, https:// or hf://`,
      );
  }
}

function openInBucket(
  place: string,
  { userProject, requesterPays = false, retry = {} }: SourceOptions,
): Source {
  const address = parseBucketUri(place);
  if (address === null || address.path === '')
    throw new SourceUnreadable(`${place}: expected gs://bucket/object or s3://bucket/object`);
  const { scheme, bucket, path } = address;
  if (scheme === 's3') {
    const object = new S3Object(new S3Bucket(openS3(), bucket, requesterPays), path, retry);
    return new BucketSource(object, ({ id, bytes }) => `${id.replaceAll('"', '')}-${bytes}`);
  }
  const payer = userProject === undefined ? {} : { userProject };
  return new BucketSource(
    new GcsObject(openGcs().bucket(bucket, payer), path, retry),
    ({ id, checksum, bytes }) => `${id}-${checksum ?? bytes}`,
  );
}

class FileSource implements Source {
  constructor(readonly name: string) {}

  /** @throws {SourceUnreadable} for a pipe, a socket, a device, and a link that leads nowhere */
  async describe(): Promise<SourceVersion | null> {
    const found = await stat(this.name).catch(() => null);
    if (found?.isFile())
      return { fingerprint: `${found.size}-${Math.round(found.mtimeMs)}`, bytes: found.size };
    if (found?.isDirectory()) return null;
    const other = found ? irregularKind(found) : await brokenLink(this.name);
    if (other) throw notAFile(this.name, other);
    return null;
  }

  /**
   * In as few and as large reads as there can be: for small files the trips to the disk are what
   * they cost. To close a file that was read, and to ask for the size of an open one, waits for no
   * disk, and is done without another thread.
   */
  async *read(range?: ByteRange, memory?: Uint8Array): AsyncGenerator<Uint8Array> {
    const { file, size } = await this.open();
    try {
      let at = range?.offset ?? 0;
      const end = range ? range.offset + range.bytes : size;
      for (let bytes = memory; at < end; bytes = undefined) {
        bytes ??= Buffer.allocUnsafeSlow(Math.min(end - at, READ_BYTES));
        const { bytesRead } = await readInto(file, bytes, 0, Math.min(end - at, bytes.length), at);
        if (bytesRead === 0) throw new SourceUnreadable(`${this.name} ends before byte ${end}`);
        at += bytesRead;
        yield bytes.subarray(0, bytesRead);
      }
    } finally {
      closeSync(file);
    }
  }

  private async open(): Promise<{ file: number; size: number }> {
    try {
      const other = irregularKind(await stat(this.name));
      if (other) throw notAFile(this.name, other);
      // Of a pipe that took the file's place meanwhile it does not wait for a writer.
      const file = await openFile(this.name, constants.O_RDONLY | constants.O_NONBLOCK);
      return { file, size: fstatSync(file).size };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!NOT_THERE.includes(code ?? '')) throw error;
      const link = await brokenLink(this.name);
      if (link) throw notAFile(this.name, link);
      throw new SourceUnreadable(`no such file: ${this.name} (${code})`, { cause: error });
    }
  }
}

function notAFile(name: string, { what, remedy }: IrregularFile): SourceUnreadable {
  return new SourceUnreadable(`not a file: ${name} is ${what}; ${remedy}`);
}
