/**
 * Several hosts on one machine: network namespaces joined by a bridge, each with its own address,
 * loopback and host name. What one of them starts cannot reach another's loopback. Needs root and
 * iproute2.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

export interface Host {
  readonly name: string;
  readonly ip: string;
  /** Program and arguments that run what follows on this host. */
  readonly enter: readonly string[];
  /** Its end of the bridge. */
  readonly port: string;
}

/** What a link does to frames, each way. */
export interface Weather {
  delayMs: number;
  lossPercent: number;
}

/** Why there can be no hosts here; null when there can. */
export function noHostsBecause(): string | null {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].some((path) => existsSync(path)))
    return 'network namespaces need iproute2';
  const probe = spawnSync('ip', ['netns', 'add', `ced-probe-${process.pid}`]);
  spawnSync('ip', ['netns', 'delete', `ced-probe-${process.pid}`]);
  return probe.status === 0 ? null : 'this machine permits no network namespaces';
}

export class Hosts {
  private readonly bridge = `ced${process.pid % 100_000}`;
  private readonly network = `10.213.${process.pid % 250}`;
  private readonly hosts: Host[] = [];
  private readonly relays: Server[] = [];
  private readonly links: ChildProcess[] = [];

  private constructor() {}

  /** The first address is this process's own side of the bridge. */
  static create(): Hosts {
    const hosts = new Hosts();
    try {
      ip('link', 'add', hosts.bridge, 'type', 'bridge');
      ip('address', 'add', `${hosts.ip}/24`, 'dev', hosts.bridge);
      ip('link', 'set', hosts.bridge, 'up');
      return hosts;
    } catch (error) {
      hosts.remove();
      throw error;
    }
  }

  get ip(): string {
    return `${this.network}.1`;
  }

  add(): Host {
    const { host, inside } = this.space();
    ip('link', 'add', host.port, 'type', 'veth', 'peer', 'name', inside, 'netns', host.name);
    this.join(host, inside);
    return host;
  }

  /** @returns a host behind a poor link, and what makes it poor */
  async addBehind(weather: Weather): Promise<{ host: Host; by: string }> {
    const netem = ['delay', `${weather.delayMs}ms`, 'loss', `${weather.lossPercent}%`];
    if (!hasNetem(this.bridge)) return await this.addBehindRelay(weather);
    const host = this.add();
    const tc = ['tc', 'qdisc', 'add', 'dev'] as const;
    run(...tc, host.port, 'root', 'netem', ...netem);
    const inside = host.port.replace('o', 'i');
    run('ip', 'netns', 'exec', host.name, ...tc, inside, 'root', 'netem', ...netem);
    return { host, by: 'tc netem' };
  }

  /** Two hosts no longer reach each other, but all others; or do again. */
  cut(one: Host, other: Host, isCut: boolean): void {
    for (const { port } of [one, other])
      ip('link', 'set', port, 'type', 'bridge_slave', 'isolated', isCut ? 'on' : 'off');
  }

  /** Nobody reaches the host; or everybody again. */
  unplug({ port }: Host, isUnplugged: boolean): void {
    ip('link', 'set', port, isUnplugged ? 'down' : 'up');
  }

  private async addBehindRelay({
    delayMs,
    lossPercent,
  }: Weather): Promise<{ host: Host; by: string }> {
    const { host, inside } = this.space();
    const script = join(repositoryRoot, 'test/support/unreliable-link.py');
    const link = spawn(
      'python3',
      [script, host.port, inside, host.name, String(delayMs), String(lossPercent)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.links.push(link);
    const ended = once(link, 'close').then(() => {
      throw new Error('the unreliable link has ended');
    });
    ended.catch(() => undefined);
    await Promise.race([once(link.stdout, 'data'), ended]);
    this.join(host, inside);
    return { host, by: 'a relay, as this kernel has no netem' };
  }

  /** A namespace without a link. */
  private space(): { host: Host; inside: string } {
    const number = this.hosts.length + 2;
    const name = `${this.bridge}-${number}`;
    const [outside, inside] = [`${this.bridge}o${number}`, `${this.bridge}i${number}`];
    const enter = [
      'ip',
      'netns',
      'exec',
      name,
      'unshare',
      '--uts',
      'sh',
      '-c',
      `hostname ${name} && exec "$@"`,
      'sh',
    ];
    const host = { name, ip: `${this.network}.${number}`, enter, port: outside };
    this.hosts.push(host);
    ip('netns', 'add', name);
    return { host, inside };
  }

  private join({ name, port, ip: address }: Host, inside: string): void {
    ip('link', 'set', port, 'master', this.bridge, 'up');
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', inside);
    ip('-n', name, 'link', 'set', inside, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  /**
   * What listens on this host's loopback, also at the bridge: servers themselves stay where they
   * are safe. @returns host:port
   */
  async relay(port: number): Promise<string> {
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const [one, other] of [[near, far] as const, [far, near] as const])
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, this.ip, resolve));
    this.relays.push(server);
    return `${this.ip}:${(server.address() as AddressInfo).port}`;
  }

  remove(): void {
    for (const server of this.relays) server.close();
    for (const link of this.links) link.stdin?.end();
    for (const { name, port } of this.hosts) {
      spawnSync('ip', ['netns', 'delete', name]);
      // At once: with its namespace it goes some time after the last process there.
      spawnSync('ip', ['link', 'delete', port]);
    }
    spawnSync('ip', ['link', 'delete', this.bridge]);
  }
}

/** Whether this kernel delays and loses frames by itself. */
function hasNetem(device: string): boolean {
  const of = ['dev', device, 'root', 'netem'];
  if (spawnSync('tc', ['qdisc', 'add', ...of, 'delay', '1ms']).status !== 0) return false;
  return spawnSync('tc', ['qdisc', 'delete', ...of]).status === 0;
}

function ip(...args: string[]): void {
  run('ip', ...args);
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${(stderr ?? '').trim()}`);
}
