import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../../infra/free-port';
import { checkedInterface, type WebInterface } from '../../infra/web-interface';

describe('the check in front of the web interface', () => {
  let unchecked: Server;
  let checked: WebInterface;
  let port: number;

  beforeAll(async () => {
    unchecked = createServer((incoming, response) => {
      incoming.on('data', (bytes: Buffer) => response.write(bytes)).on('end', () => response.end());
    });
    await new Promise<void>((resolve) => unchecked.listen(0, '127.0.0.1', resolve));
    port = await freePort();
    checked = await checkedInterface(
      { host: '127.0.0.1', port },
      { host: '127.0.0.1', port: (unchecked.address() as AddressInfo).port },
      ['devbox.example'],
    );
  });
  afterAll(() => {
    checked.close();
    unchecked.close();
  });

  const statusFor = (headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      })
        .once('error', reject)
        .end();
    });

  it.each([
    'localhost',
    'LOCALHOST:8233',
    '127.0.0.1:8233',
    '10.1.2.3',
    '[::1]:8233',
    'devbox.example:1',
  ])('passes on what asks for the host %s', async (host) =>
    expect(await statusFor({ host })).toBe(200),
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:8233',
    'x@localhost',
    ':8233',
  ])('refuses the host %j', async (host) => expect(await statusFor({ host })).toBe(403));

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
  ])('refuses a request that a page of another origin made: %j', async (headers) => {
    expect(await statusFor({ host: 'localhost', ...headers })).toBe(403);
  });

  it.each([
    { origin: 'http://localhost:8233', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
  ])('passes on what the interface itself and a followed link ask for: %j', async (headers) => {
    expect(await statusFor({ host: 'localhost:8233', ...headers })).toBe(200);
  });

  it('hands on bodies of requests and answers', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'a body' });
    expect(await answer.text()).toBe('a body');
  });
});
