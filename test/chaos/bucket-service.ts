/** A real storage server behind a proxy, with a bucket in it. */
import { join } from 'node:path';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { ObjectCache } from '../../storage/object-cache';
import { openS3 } from '../../storage/s3/s3-client';
import { S3Store } from '../../storage/s3/s3-store';
import type { Store } from '../../storage/store';
import { startS3 } from '../../tools/s3-server';
import { startStorage } from '../../tools/storage-emulator';
import { StorageProxy } from './storage-proxy';

export const SCHEMES = ['gs', 's3'] as const;
export type Scheme = (typeof SCHEMES)[number];

const BUCKET = 'chaos';

export class BucketService {
  private constructor(
    readonly scheme: Scheme,
    readonly proxy: StorageProxy,
    /** What lets workers find it, by way of the proxy. */
    readonly environment: Record<string, string>,
    private readonly openStore: (prefix: string) => Store,
    private readonly stopServer: () => Promise<void>,
  ) {}

  /** @param folder for its objects, its log and the copies of who looks */
  static async start(scheme: Scheme, folder: string): Promise<BucketService> {
    const options = { port: 0, folder: join(folder, scheme), log: join(folder, `${scheme}.log`) };
    const cache = new ObjectCache({ folder: join(folder, 'seen'), maxBytes: 1e9 });
    const place = { bucket: BUCKET, cache };
    if (scheme === 's3') {
      const server = await startS3(options);
      await server.createBucket(BUCKET);
      const proxy = await StorageProxy.open(server.port);
      // Past the proxy: who looks is not to be disturbed.
      const client = openS3(server.environment());
      const open = (prefix: string): Store => new S3Store({ ...place, prefix, client });
      const environment = server.environment(proxy.endpoint);
      return new BucketService(scheme, proxy, environment, open, () => server.stop());
    }
    const server = await startStorage(options);
    await server.createBucket(BUCKET);
    const proxy = await StorageProxy.open(server.port);
    const client = openGcs({ STORAGE_EMULATOR_HOST: server.endpoint });
    const open = (prefix: string): Store => new GcsStore({ ...place, prefix, client });
    const environment = { STORAGE_EMULATOR_HOST: proxy.endpoint };
    return new BucketService(scheme, proxy, environment, open, () => server.stop());
  }

  /** @returns a store below a prefix, and its address in a run file */
  store(prefix: string): { uri: string; store: Store } {
    return { uri: `${this.scheme}://${BUCKET}/${prefix}`, store: this.openStore(prefix) };
  }

  async stop(): Promise<void> {
    await this.proxy.down();
    await this.stopServer();
  }
}
