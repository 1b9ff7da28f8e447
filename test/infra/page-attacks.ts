/** What a hostile page tries. These functions run in the page. */

/** Of a browser; this project's types are Node's. */
interface Page {
  document: { cookie: string };
  location: { origin: string };
}

interface Attack {
  /** Paths to read. */
  paths: string[];
  /** Path and body of the request that starts a workflow. */
  start: string;
  body: string;
}

/**
 * Runs in the page: requests that a page may send anywhere. @returns the addresses it could read
 */
export async function attackFromOutside({
  bases,
  paths,
  start,
  body,
}: Attack & { bases: string[] }): Promise<string[]> {
  const read: string[] = [];
  for (const base of bases) {
    const limit = (): RequestInit => ({ signal: AbortSignal.timeout(5000) });
    await fetch(base + start, { method: 'POST', mode: 'no-cors', body, ...limit() }).catch(
      () => null,
    );
    for (const path of paths)
      await fetch(base + path, limit()).then(
        () => read.push(base + path),
        () => null,
      );
  }
  return read;
}

/**
 * Runs in the page: requests to the page's own origin, as the web interface makes them.
 * @returns the addresses that answered with success
 */
export async function attackFromInside({ paths, start, body }: Attack): Promise<string[]> {
  const { document, location } = globalThis as unknown as Page;
  const read: string[] = [];
  const token = /_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';
  const requests: [string, RequestInit][] = [
    ...paths.map((path): [string, RequestInit] => [path, {}]),
    [start, { method: 'POST', body }],
    [start, { method: 'POST', body, headers: { 'x-csrf-token': token } }],
  ];
  for (const [path, options] of requests) {
    const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(5000) }).catch(
      () => null,
    );
    if (answer?.ok) read.push(location.origin + path);
  }
  return read;
}
