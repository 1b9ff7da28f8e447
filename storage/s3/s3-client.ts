/**
 * The one place that makes an S3 client: endpoint, region and credentials come from the standard
 * AWS environment and configuration only. Its own retries are off; ours (retry.ts) are around every
 * call, report while they wait, and end when they are told to.
 */
import { S3Client } from '@aws-sdk/client-s3';

const clients = new Map<string, S3Client>();

/** Transfers at once: a prefetching engine has some dozens. */
const MOST_SOCKETS = 256;

/**
 * One client a process, endpoint, region and key: it keeps connections and tokens.
 * @param environment where `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_REGION`,
 *   `AWS_DEFAULT_REGION` and keys are looked for; whatever is missing there the client looks for in
 *   the configuration of `AWS_PROFILE` and in the machine's metadata, when it first needs it
 */
export function openS3(environment: NodeJS.ProcessEnv = process.env): S3Client {
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || '';
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || '';
  const profile = environment['AWS_PROFILE'] ?? '';
  const keys = profile === '' ? keysIn(environment) : null;
  const name = JSON.stringify([endpoint, region, profile, keys]);
  const known = clients.get(name);
  if (known) return known;
  // It is about later versions; this one is pinned.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const agent = { maxSockets: MOST_SOCKETS };
  const client = new S3Client({
    // Servers beside Amazon's rarely have a name for each bucket.
    ...(endpoint === '' ? {} : { endpoint, forcePathStyle: true }),
    ...(region === '' ? {} : { region }),
    ...(keys === null ? {} : { credentials: keys }),
    // One attempt, whose error comes out as it is.
    retryStrategy: { retry: async (next, args) => await next(args) },
    // Where the answer is lost, the client would wait for seconds and report nothing.
    expectContinueHeader: false,
    // Requests state their checksums themselves, as not every server knows the default one.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent: agent, httpsAgent: agent },
  });
  clients.set(name, client);
  return client;
}

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

function keysIn({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: NodeJS.ProcessEnv): Keys | null {
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
