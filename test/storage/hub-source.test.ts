import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openSource } from '../../storage/sources/open-source';
import { readSource, type SourceOptions } from '../../storage/sources/source';
import { sourcesOf } from '../../workers/source-options';

const TOKEN = 'hf_planted-token';

/**
 * A hub as Hugging Face documents it: `resolve` addresses, private and gated repositories behind a
 * bearer token, and a redirect of large files to another host with a signed address.
 */
describe('a file of a hub', () => {
  let hub: Server;
  let files: Server;
  let asked: string[];

  const addressOf = (server: Server): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const logged = (place: string, url: string, authorization: string | undefined): void =>
    void asked.push(`${place} ${url} ${authorization ?? 'no token'}`);

  beforeAll(async () => {
    files = createServer(({ url = '', headers }, response) => {
      logged('files', url, headers.authorization);
      response.end('large');
    }).listen(0, '127.0.0.1');
    hub = createServer(({ url = '', headers }, response) => {
      logged('hub', url, headers.authorization);
      if (url.includes('gated') && headers.authorization !== `Bearer ${TOKEN}`)
        return response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end();
      if (url.endsWith('.tar'))
        return response.writeHead(302, { location: `${addressOf(files)}/blob?sig=s3cret` }).end();
      return response.end('small');
    }).listen(0, '127.0.0.1');
    await Promise.all([once(hub, 'listening'), once(files, 'listening')]);
  });
  afterAll(() => {
    hub.close();
    files.close();
  });
  beforeEach(() => (asked = []));

  const options = (token?: string): SourceOptions =>
    sourcesOf(
      { 'allow-private-hosts': true, 'user-project': undefined, 'requester-pays': false },
      { HF_ENDPOINT: addressOf(hub), ...(token === undefined ? {} : { HF_TOKEN: token }) },
    );
  const read = async (place: string, token?: string): Promise<string> =>
    (await readSource(openSource(place, options(token)), 100)).toString();

  it.each([
    ['hf://org/name/a.json', '/org/name/resolve/main/a.json'],
    ['hf://org/name@v2/deep/a.json', '/org/name/resolve/v2/deep/a.json'],
    ['hf://datasets/org/name/data/a.json', '/datasets/org/name/resolve/main/data/a.json'],
    ['hf://datasets/org/name@v2/a.json', '/datasets/org/name/resolve/v2/a.json'],
    ['hf://spaces/org/name/a.json', '/spaces/org/name/resolve/main/a.json'],
    [
      'hf://datasets/org/name@refs/convert/parquet/a.json',
      '/datasets/org/name/resolve/refs%2Fconvert%2Fparquet/a.json',
    ],
    ['hf://org/name@refs%2Fpr%2F1/a.json', '/org/name/resolve/refs%2Fpr%2F1/a.json'],
  ])('%s is read from %s', async (place, url) => {
    expect(await read(place)).toBe('small');
    expect(asked).toEqual([`hub ${url} no token`]);
  });

  it('of a gated repository is read with HF_TOKEN', async () => {
    expect(await read('hf://datasets/org/gated/a.json', `${TOKEN}\n`)).toBe('small');
    expect(asked).toEqual([`hub /datasets/org/gated/resolve/main/a.json Bearer ${TOKEN}`]);
  });

  it('is fetched from where the hub redirects to, without the token', async () => {
    expect(await read('hf://datasets/org/gated/a.tar', TOKEN)).toBe('large');
    expect(asked).toEqual([
      `hub /datasets/org/gated/resolve/main/a.tar Bearer ${TOKEN}`,
      'files /blob?sig=s3cret no token',
    ]);
  });

  it('that may not be read is refused with the remedy, and no secret', async () => {
    const place = 'hf://datasets/org/gated/a.json';
    const url = `${addressOf(hub)}/datasets/org/gated/resolve/main/a.json`;
    await expect(read(place)).rejects.toThrow(
      `${url} answers 401; if it is private or gated, set HF_TOKEN where this runs, ` +
        'else look at its name',
    );
    await expect(read(place, 'hf_another')).rejects.toThrow(
      `${url} answers 401; HF_TOKEN may not read it: look at its name, or ask for access at ` +
        `${addressOf(hub)}/datasets/org/gated`,
    );
    await expect(openSource(place, options('hf_another')).describe()).rejects.toThrow(
      /HF_TOKEN may not read it/,
    );
    expect(JSON.stringify(options(TOKEN))).not.toContain(TOKEN);
  });

  it('on another web server is read without the token', async () => {
    await read(`${addressOf(files)}/a.json`, TOKEN);
    await read(`${addressOf(hub)}/a.json`, TOKEN);
    expect(asked).toEqual(['files /a.json no token', 'hub /a.json no token']);
  });

  it.each(['hf://datasets/org/name', 'hf://name/file.json', 'hf://datasets/name/file.json'])(
    '%s names no file',
    (place) => {
      expect(() => openSource(place)).toThrow(
        `${place}: expected hf://organisation/repository/file, or ` +
          'hf://datasets/organisation/repository/file',
      );
    },
  );
});
