/**
 * A resource of a web server, read-only. A transfer that breaks goes on from the byte where it
 * stopped, and only if the resource is still the same (`If-Range`); redirects are followed, never
 * from https to http; private addresses are refused unless allowed; a SHA-256 that a model hub
 * states (`X-Linked-Etag`) is held to. RFC 9110, section 14.
 */
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { withRetry, resuming, type RetryOptions } from '../retry';
import { isPrivateAddress, PrivateHost, publicLookup } from './private-hosts';
import { SourceUnreadable, type Source, type SourceOptions, type SourceVersion } from './source';
import type { ByteRange } from '../../ced/corpus/address';

const MOST_REDIRECTS = 8;
const SILENCE_MS = 30_000;
/** At this pace an hour of audio at 64 kbit/s takes 8 hours. */
const SLOWEST_BYTES_PER_SECOND = 1000;
const PACE_OVER_MS = 120_000;

/** What is known of the server that an address leads to first. */
export interface KnownHost {
  /** @param origin of each request: the address's own, and those that it redirects to */
  headers(origin: string): Record<string, string>;
  /** What to add to the message that a status makes. */
  remedy(status: number): string;
  /** Receives the last header `Link`. */
  linked?(link: string | undefined): void;
}

const NO_HOST: KnownHost = { headers: () => ({}), remedy: () => '' };

export class HttpSource implements Source {
  readonly name: string;
  private readonly address: URL;
  private readonly retry: RetryOptions;
  /** Of the whole resource, by a server on the way. */
  private statedSha256: string | null = null;

  constructor(
    address: string,
    private readonly options: SourceOptions,
    private readonly host: KnownHost = NO_HOST,
  ) {
    this.address = new URL(address);
    this.name = nameOf(this.address);
    this.retry = options.retry ?? {};
  }

  async describe(): Promise<SourceVersion | null> {
    return await withRetry(async () => {
      let response = await this.ask('HEAD', {});
      // Servers that refuse HEAD, and signed addresses that are signed for GET alone.
      if ([400, 403, 405, 501].includes(response.statusCode ?? 0))
        response = await this.ask('GET', { range: 'bytes=0-0' });
      response.destroy();
      if (response.statusCode === 404 || response.statusCode === 410) return null;
      if (response.statusCode !== 200 && response.statusCode !== 206) throw this.refusal(response);
      const bytes = lengthOf(response);
      return {
        fingerprint: `${validatorOf(response) ?? 'unversioned'} ${bytes ?? ''}`.trim(),
        bytes,
      };
    }, this.retry);
  }

  async *read(range?: ByteRange): AsyncGenerator<Uint8Array> {
    if (range?.bytes === 0) return;
    const first = range?.offset ?? 0;
    const last = range ? range.offset + range.bytes - 1 : null;
    let validator: string | null = null;
    let version: string | number | null = null;
    const open = async (from: number): Promise<AsyncIterable<Uint8Array>> => {
      const start = first + from;
      if (last !== null && start > last) return nothing();
      const ranged = start > 0 || last !== null;
      const conditional =
        from > 0 && validator !== null && !validator.startsWith('W/')
          ? { 'if-range': validator }
          : {};
      const response = await this.ask(
        'GET',
        ranged ? { range: `bytes=${start}-${last ?? ''}`, ...conditional } : {},
      );
      if (response.statusCode !== 200 && response.statusCode !== 206) {
        response.destroy();
        throw this.refusal(response);
      }
      validator = validatorOf(response);
      // Of a server that states neither ETag nor date, the length must do.
      const found = validator ?? lengthOf(response);
      if (from > 0 && found !== version) {
        response.destroy();
        throw new SourceUnreadable(`${this.name} changed while it was read`);
      }
      version = found;
      const given = response.headers['content-range'];
      if (
        response.statusCode === 206 &&
        given !== undefined &&
        !given.startsWith(`bytes ${start}-`)
      ) {
        response.destroy();
        throw new SourceUnreadable(`${this.name} sends ${given}, asked for bytes from ${start} on`);
      }
      // A server that knows no ranges begins again.
      return response.statusCode === 206 || !ranged ? response : between(response, start, last);
    };
    let bytes = 0;
    const hash = range ? null : createHash('sha256');
    const pace = {
      bytesPerSecond: SLOWEST_BYTES_PER_SECOND,
      overMs: this.options.paceOverMs ?? PACE_OVER_MS,
      tooSlow: (arrived: number, waitedMs: number) =>
        new SourceUnreadable(
          `${this.name} is too slow: ${arrived} bytes in ${(waitedMs / 1000).toFixed(0)} s of ` +
            `waiting, expected at least ${SLOWEST_BYTES_PER_SECOND} a second; copy it to a ` +
            'faster place',
        ),
    };
    for await (const part of resuming(open, this.retry, pace)) {
      bytes += part.length;
      if (this.statedSha256 !== null) hash?.update(part);
      yield part;
    }
    if (this.statedSha256 !== null && hash && hash.digest('hex') !== this.statedSha256)
      throw new SourceUnreadable(
        `${this.name} is not what its server states: its SHA-256 is not ${this.statedSha256}`,
      );
    if (range && bytes !== range.bytes)
      throw new SourceUnreadable(`${this.name} ends before byte ${range.offset + range.bytes}`);
  }

  private async ask(method: string, headers: Record<string, string>): Promise<IncomingMessage> {
    let address = this.address;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      this.check(address);
      const response = await this.exchange(address, method, headers);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      // The hub states the SHA-256 of a large file and redirects to its location.
      this.statedSha256 =
        /^"?([0-9a-f]{64})"?$/.exec(String(response.headers['x-linked-etag']))?.[1] ??
        this.statedSha256;
      if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) {
        this.host.linked?.(response.headers['link'] as string | undefined);
        return response;
      }
      response.destroy();
      const next = new URL(location, address);
      if (address.protocol === 'https:' && next.protocol !== 'https:')
        throw new SourceUnreadable(`${this.name} redirects from https to ${next.protocol}//`);
      address = next;
    }
    throw new SourceUnreadable(`${this.name} redirects more than ${MOST_REDIRECTS} times`);
  }

  private check(address: URL): void {
    if (address.protocol !== 'https:' && address.protocol !== 'http:')
      throw new SourceUnreadable(`${this.name} leads to ${address.protocol}, expected https://`);
    if (address.username !== '' || address.password !== '')
      throw new SourceUnreadable(`${this.name}: credentials do not belong into an address`);
    if (this.options.allowPrivateHosts) return;
    if (address.protocol === 'http:')
      throw new SourceUnreadable(
        `${this.name}: plain http:// is read only with --allow-private-hosts; use https://`,
      );
    if (isPrivateAddress(address.hostname))
      throw this.unreadable(new PrivateHost(address.hostname));
  }

  private exchange(
    address: URL,
    method: string,
    headers: Record<string, string>,
  ): Promise<IncomingMessage> {
    const request = address.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = request(address, {
        method,
        // Compressed on the way, a range would count other bytes.
        headers: {
          'accept-encoding': 'identity',
          'user-agent': 'ced-distillation',
          ...this.host.headers(address.origin),
          ...headers,
        },
        ...(this.options.allowPrivateHosts ? {} : { lookup: publicLookup }),
      });
      sent.setTimeout(SILENCE_MS, () =>
        sent.destroy(
          Object.assign(new Error(`${this.name} was silent for ${SILENCE_MS / 1000} s`), {
            code: 'ETIMEDOUT',
          }),
        ),
      );
      sent.once('response', resolve);
      sent.once('error', (error) => reject(isFinal(error) ? this.unreadable(error) : error));
      sent.end();
    });
  }

  private refusal(response: IncomingMessage): Error {
    const { statusCode: status } = response;
    // `status` lets the retry tell 429 and 5xx from permanent refusals.
    if (status === 408 || status === 429 || (status ?? 0) >= 500)
      return Object.assign(new Error(`${this.name} answers ${status}`), { status });
    return new SourceUnreadable(`${this.name} answers ${status}${this.host.remedy(status ?? 0)}`);
  }

  private unreadable(cause: Error): SourceUnreadable {
    return new SourceUnreadable(`${this.name}: ${cause.message}`, { cause });
  }
}

/**
 * A host that does not exist or whose certificate is not valid; a resolver that cannot be reached
 * says EAI_AGAIN.
 */
function isFinal(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return error instanceof PrivateHost || code === 'ENOTFOUND' || /CERT|TLS|SSL|EPROTO/.test(code);
}

function nameOf(address: URL): string {
  return `${address.protocol}//${address.host}${address.pathname}`;
}

/** Whole length of the resource, whatever part of it was asked for. */
function lengthOf(response: IncomingMessage): number | null {
  const stated =
    response.statusCode === 206
      ? response.headers['content-range']?.split('/')[1]
      : response.headers['content-length'];
  return stated !== undefined && /^\d+$/.test(stated) ? Number(stated) : null;
}

function validatorOf(response: IncomingMessage): string | null {
  return response.headers.etag ?? response.headers['last-modified'] ?? null;
}

async function* between(
  response: IncomingMessage,
  start: number,
  last: number | null,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    const wanted = part.subarray(
      Math.max(0, start - position),
      last === null ? part.length : Math.max(0, last + 1 - position),
    );
    position += part.length;
    if (wanted.length > 0) yield wanted;
    if (last !== null && position > last) break;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
