/**
 * Local copies of remote objects and files derived from them, for reads at an offset: a folder with
 * a size limit that evicts the least recently used entry first. Many processes may share it.
 * Entries are renamed into place. An entry that is evicted during a read stays readable until it is
 * closed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder';
import { partsOf, type Content } from './store';

export interface ObjectCacheOptions {
  folder: string;
  /** Limit of the whole folder; one object may be larger, and then stands alone. */
  maxBytes: number;
  /**
   * An entry used within this time is never evicted: its reader may not have opened it yet.
   * @default 60000
   */
  keepMs?: number;
}

/** What a process that was killed leaves half-written is removed after this. */
const ABANDONED_AFTER_MS = 24 * 3600_000;
const PART = '.part-';
/**
 * The folder is over its limit by no more than this share of it, for each process that fills it.
 */
const LOOKS_A_FILLING = 64;

export class ObjectCache {
  private readonly arriving = new Map<string, Promise<string>>();
  /** Brought since the folder was last looked at; at first whatever others have left. */
  private unseenBytes = Infinity;

  constructor(private readonly options: ObjectCacheOptions) {}

  /**
   * Path of a file with the content that `identity` names, brought by `content` unless it is there.
   * @param identity names one immutable content, e.g. URI and generation
   */
  async file(identity: string, content: () => AsyncIterable<Uint8Array>): Promise<string> {
    const path = this.pathOf(identity);
    const now = new Date();
    const present = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (present) return path;
    const arriving =
      this.arriving.get(path) ??
      this.bring(path, content).finally(() => this.arriving.delete(path));
    this.arriving.set(path, arriving);
    return await arriving;
  }

  /** Puts `bytes` there, in place of what `identity` named before. */
  async keep(identity: string, content: Content): Promise<void> {
    await this.bring(this.pathOf(identity), async function* () {
      yield* await Promise.resolve(partsOf(content));
    });
  }

  async forget(identity: string): Promise<void> {
    await rm(this.pathOf(identity), { force: true });
  }

  private pathOf(identity: string): string {
    return join(this.options.folder, createHash('sha256').update(identity).digest('hex'));
  }

  private async bring(path: string, content: () => AsyncIterable<Uint8Array>): Promise<string> {
    await makeFolder(this.options.folder, 0o700);
    const temporary = `${path}${PART}${process.pid}-${randomUUID()}`;
    const file = await open(temporary, 'wx', 0o600);
    try {
      for await (const part of content()) await file.writeFile(part);
      await file.close();
      await rename(temporary, path);
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
    await this.evict(path);
    return path;
  }

  private async evict(newest: string): Promise<void> {
    // Thousands of shards arrive one after another, and each look at the folder asks for the size
    // of everything in it.
    this.unseenBytes += (await stat(newest).catch(() => null))?.size ?? 0;
    if (this.unseenBytes <= this.options.maxBytes / LOOKS_A_FILLING) return;
    this.unseenBytes = 0;
    const entries = [];
    for (const name of await readdir(this.options.folder)) {
      const path = join(this.options.folder, name);
      const found = await stat(path).catch(() => null);
      if (found?.isFile())
        entries.push({
          path,
          bytes: found.size,
          usedMs: found.mtimeMs,
          whole: !name.includes(PART),
        });
    }
    const nowMs = Date.now();
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries.sort((a, b) => a.usedMs - b.usedMs)) {
      const idleMs = nowMs - entry.usedMs;
      const evicted = entry.whole
        ? bytes > this.options.maxBytes &&
          entry.path !== newest &&
          idleMs >= (this.options.keepMs ?? 60_000)
        : idleMs > ABANDONED_AFTER_MS;
      if (!evicted) continue;
      await rm(entry.path, { force: true });
      bytes -= entry.bytes;
    }
  }
}
