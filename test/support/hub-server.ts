/**
 * A model hub as Hugging Face's: files by `resolve` with HEAD and ranges, folders by the tree API
 * in pages, all behind a bearer token where there is one.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const ENTRIES_A_PAGE = 2;

export class HubServer {
  /** Bytes that were sent of each file, headers not counted. */
  readonly sent = new Map<string, number>();
  /** Addresses that were asked for, without those refused. */
  readonly asked: string[] = [];
  private readonly server: Server;

  /** @param files of one dataset, by their paths */
  constructor(
    private readonly repository: string,
    private readonly files: ReadonlyMap<string, Uint8Array>,
    private readonly token: string | null = null,
  ) {
    this.server = createServer((request, response) => {
      const { url = '', method, headers } = request;
      const address = new URL(url, this.endpoint);
      if (this.token !== null && headers.authorization !== `Bearer ${this.token}`)
        return response.writeHead(401).end();
      this.asked.push(decodeURIComponent(url));
      const tree = `/api/datasets/${this.repository}/tree/main`;
      if (address.pathname.startsWith(tree)) {
        const folder = address.pathname.slice(tree.length + 1);
        const page = Number(address.searchParams.get('cursor') ?? '0');
        const inside = [...this.files.keys()].filter(
          (path) => folder === '' || path.startsWith(`${folder}/`),
        );
        const end = (page + 1) * ENTRIES_A_PAGE;
        const next = `<https://elsewhere.invalid${tree}?recursive=true&cursor=${page + 1}>`;
        const entries = inside
          .slice(page * ENTRIES_A_PAGE, end)
          .map((path) => ({ type: 'file', path, size: this.files.get(path)!.length }));
        return response
          .writeHead(200, inside.length > end ? { link: `${next}; rel="next"` } : {})
          .end(JSON.stringify([{ type: 'directory', path: 'data' }, ...entries]));
      }
      const path = decodeURIComponent(address.pathname).split('/resolve/main/')[1] ?? '';
      const content = this.files.get(path);
      if (!content) return response.writeHead(404).end();
      const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
      const end = to === '' ? content.length : Number(to) + 1;
      const part = content.subarray(Number(from), end);
      response.writeHead(headers.range ? 206 : 200, {
        etag: `"${path}"`,
        'content-length': part.length,
        ...(headers.range ? { 'content-range': `bytes ${from}-${end - 1}/${content.length}` } : {}),
      });
      if (method === 'HEAD') return response.end();
      this.sent.set(path, (this.sent.get(path) ?? 0) + part.length);
      return response.end(part);
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo | null)?.port ?? 0}`;
  }

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): void {
    this.server.close();
  }
}
