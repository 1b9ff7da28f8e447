import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { freePort } from '../../infra/free-port';

const listening = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(port, '127.0.0.1', () => resolve(server));
  });

describe('a free port', () => {
  it('is none that the system gives to a process that names none', async () => {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [first = 0, last = 0] = range.trim().split(/\s+/).map(Number);
    for (let draw = 0; draw < 20; draw++) {
      const port = await freePort();
      expect(port < first || port > last).toBe(true);
    }
  });

  it('can be listened on', async () => {
    const port = await freePort();
    const server = await listening(port);
    await expect(listening(port)).rejects.toThrow('EADDRINUSE');
    server.close();
  });
});
