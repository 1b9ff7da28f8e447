/**
 * A bucket of an S3 server, and the one way in which requests go to it: with retries and bounded
 * waiting, a request that was given up is ended, and every failure is an error of ours. The
 * client's own errors hold parts of the request and of its signature; none is kept as a cause.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { PermanentError } from '../../workflows/contract/failures';
import { unlessSilent, withRetry, type RetryOptions } from '../retry';

/** A refusal of the server, or a failure on the way to it. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';

  constructor(
    message: string,
    /** Of the answer; one that is worth a retry where the server names such a reason. */
    readonly status: number | undefined,
    /** The server's name of the reason, or the system's. */
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** Sends one request; `signal` ends it. */
export type Send<T> = (
  client: S3Client,
  place: { Bucket: string; RequestPayer?: 'requester' },
  signal: AbortSignal,
) => Promise<T>;

export class S3Bucket {
  readonly uri: string;

  constructor(
    private readonly client: S3Client,
    readonly name: string,
    private readonly requesterPays: boolean,
  ) {
    this.uri = `s3://${name}`;
  }

  /**
   * @param send is called again after a transient failure
   * @throws {PermanentError} StorageDenied for what no retry can fix; {S3Failure} for any other
   *   failure
   */
  async request<T>(send: Send<T>, retry: RetryOptions): Promise<T> {
    return await withRetry(
      async () => {
        const request = new AbortController();
        try {
          return await unlessSilent(() => this.send(send, request.signal), retry);
        } finally {
          request.abort();
        }
      },
      // Silence is measured inside.
      { ...retry, silenceMs: Infinity },
    );
  }

  /**
   * One try without a limit. @param signal ends it, and an answer that has not arrived whole.
   * @throws as `request`
   */
  async send<T>(send: Send<T>, signal: AbortSignal): Promise<T> {
    const payer = this.requesterPays ? ({ RequestPayer: 'requester' } as const) : {};
    try {
      return await send(this.client, { Bucket: this.name, ...payer }, signal);
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** An error of the client, or of a transfer that it began. */
  failure(error: unknown): Error {
    if (error instanceof PermanentError || error instanceof S3Failure) return error;
    const { name = 'Error', message = '', code, $metadata, $response } = error as ClientError;
    const status = BUSY.has(name) ? 503 : ($metadata?.httpStatusCode ?? $response?.statusCode);
    const line = message.split('\n', 1)[0]?.slice(0, 200) ?? '';
    const remedy = remedyFor(name, status, line);
    if (remedy !== null) return new PermanentError('StorageDenied', `${this.uri}: ${remedy}`);
    return new S3Failure(
      `${this.uri}: ${[status, name, line].filter(Boolean).join(' ')}`,
      status,
      UNANSWERED.has(name) ? 'ETIMEDOUT' : (code ?? name),
    );
  }
}

interface ClientError {
  name?: string;
  message?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  /** Of an answer that cannot be understood. */
  $response?: { statusCode?: number };
}

/**
 * Reasons that pass, whatever their status is: another writer at work on the same key, a body that
 * arrived too slowly, a clock that the client corrects after this answer.
 */
const BUSY = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
]);
const UNANSWERED = new Set(['AbortError', 'TimeoutError']);
const ELSEWHERE = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/** One line for what no retry can fix, without a credential; null for anything else. */
function remedyFor(name: string, status: number | undefined, line: string): string | null {
  if (name === 'NoSuchBucket') return 'there is no such bucket; create it, or name another';
  if (status === 301 || ELSEWHERE.has(name))
    return `the bucket is in another region (${status}: ${line}); set AWS_REGION to its region`;
  if (status === 401 || status === 403 || name === 'ExpiredToken')
    return (
      `access denied (${status}: ${line}); allow the worker's role s3:GetObject, s3:PutObject, ` +
      's3:DeleteObject and s3:ListBucket (without the last one, a missing object is denied too), ' +
      'and give --requester-pays for a bucket whose requester pays'
    );
  if (name === 'CredentialsProviderError' || /^Could not load credentials/.test(line))
    return (
      'no credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ' +
      'give the machine a role'
    );
  if (/^Region is missing/.test(line)) return 'no region found; set AWS_REGION';
  return null;
}
