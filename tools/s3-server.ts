/**
 * A local S3 server for tests (versitygw), its objects as files in a folder that survives restarts,
 * on a file system with extended attributes. It checks signatures and checksums, honours
 * `If-None-Match`, `If-Match` and ranges, and keeps uploads in parts; it ignores who pays. Like a
 * folder, it cannot hold `a` beside `a/b`.
 */
import { mkdirSync } from 'node:fs';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { s3ServerBinary } from '../infra/toolchain';
import { openS3 } from '../storage/s3/s3-client';
import { startLocalServer, type LocalServer } from './local-server';

export interface S3Server extends LocalServer {
  /** What a client needs to find it, or another endpoint before it, and to be let in. */
  environment(endpoint?: string): S3Environment;
  createBucket(name: string): Promise<void>;
}

export type S3Environment = Record<
  'AWS_ENDPOINT_URL_S3' | 'AWS_REGION' | 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY',
  string
>;

const KEY = { id: 'tests', secret: 'only-for-tests' };
const REGION = 'eu-test-1';
const HEALTH = '/health';

/** @param options `port`: 0 = any free one; `log`: file that receives its output */
export async function startS3(options: {
  port: number;
  folder: string;
  log: string | null;
}): Promise<S3Server> {
  const host = '127.0.0.1';
  mkdirSync(options.folder, { recursive: true });
  const server = await startLocalServer({
    name: 'the S3 server',
    binary: s3ServerBinary(),
    args: (port) => [
      ...['--port', `${host}:${port}`, '--region', REGION, '--health', HEALTH],
      // Connections are kept, as Amazon keeps them.
      '--keep-alive',
      ...['posix', options.folder],
    ],
    environment: { ROOT_ACCESS_KEY: KEY.id, ROOT_SECRET_KEY: KEY.secret },
    host,
    port: options.port,
    remedy: 'choose another',
    log: options.log,
    path: HEALTH,
  });
  const environment = (endpoint = server.endpoint): S3Environment => ({
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: KEY.id,
    AWS_SECRET_ACCESS_KEY: KEY.secret,
  });
  const createBucket = async (name: string): Promise<void> => {
    await openS3(environment()).send(new CreateBucketCommand({ Bucket: name }));
  };
  return { ...server, environment, createBucket };
}
