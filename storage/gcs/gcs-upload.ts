/**
 * The upload of a large object in a session of the server: after a failure it resumes behind the
 * last confirmed part, and it starts again only if the server has lost the session. If a part
 * arrived but its confirmation was lost, the server ignores the bytes that it already has.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
import { RetryPauses, unlessSilent, type RetryOptions } from '../retry';
import { contentBytes, contentSlice, type Content } from '../store';

/** A multiple of 256 KiB, as the protocol wants. */
const PART_BYTES = 8 << 20;
/** Parts that move slower than 100 kB/s are given up and sent again. */
const SLOWEST_BYTES_A_MS = 100;

/**
 * @param open begins a session and gives its address; the address is all that is needed to write
 *   to it
 * @throws errors that no retry can fix, with the server's `status`: 412 if the session was opened
 *   on condition that there is no such object
 */
export async function uploadInSession(
  open: () => Promise<string>,
  content: Content,
  retry: RetryOptions,
): Promise<void> {
  const total = contentBytes(content);
  const waiting = new RetryPauses(retry);
  const silenceMs = (retry.silenceMs ?? 30_000) + PART_BYTES / SLOWEST_BYTES_A_MS;
  let session: string | null = null;
  let confirmed = 0;
  while (confirmed < total) {
    try {
      session ??= await open();
      const [address, from] = [session, confirmed];
      const part = contentSlice(content, from, from + PART_BYTES);
      confirmed = await unlessSilent(() => send(address, part, { from, total, silenceMs }), {
        ...retry,
        silenceMs,
      });
      waiting.succeeded();
      retry.onBytes?.();
    } catch (error) {
      const { status } = error as { status?: number };
      const isLost = session !== null && (status === 404 || status === 410);
      if (isLost) [session, confirmed] = [null, 0];
      await waiting.after(
        isLost
          ? Object.assign(new Error('the server lost the upload'), { status: 503, cause: error })
          : error,
      );
    }
  }
}

/** @returns bytes that the server has now */
async function send(
  session: string,
  part: Uint8Array,
  { from, total, silenceMs }: { from: number; total: number; silenceMs: number },
): Promise<number> {
  const response = await fetch(session, {
    method: 'PUT',
    headers: { 'content-range': `bytes ${from}-${from + part.length - 1}/${total}` },
    body: part as Uint8Array<ArrayBuffer>,
    signal: AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.ceil(silenceMs))),
  }).catch((error: Error) => {
    throw error.name === 'TimeoutError'
      ? Object.assign(new Error('the upload fell silent'), { code: 'ETIMEDOUT', cause: error })
      : error;
  });
  await response.arrayBuffer();
  if (response.ok) return total;
  // It may keep less than it was sent.
  if (response.status === 308)
    return 1 + Number(/-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1] ?? -1);
  throw Object.assign(new Error(`the server answers ${response.status} to an upload`), {
    status: response.status,
  });
}
