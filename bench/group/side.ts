/** The processes of one training, one thread each, over loopback. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { engineEnvironment } from '../../ced/engine/environment';
import type { GroupMember } from '../../ced/engine/group';
import { freePort } from '../../infra/free-port';
import { repositoryRoot } from '../../infra/toolchain';
import type { BenchAnswer, BenchOrder, ExchangeShape, GroupBenchOptions } from './member-process';
import { sentOverSockets } from './socket-bytes';

class Member {
  private readonly ended: Promise<never>;

  constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(([code]) => {
      throw new Error(`a process of the bench ended: exit status ${code}`);
    });
    this.ended.catch(() => undefined);
  }

  async ask(order: BenchOrder): Promise<BenchAnswer> {
    const answered = once(this.child, 'message').then(([answer]) => answer as BenchAnswer);
    this.child.send(order);
    return await Promise.race([answered, this.ended]);
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}

export class Side {
  private generation = 0;

  private constructor(
    private readonly members: readonly Member[],
    private readonly addresses: readonly GroupMember[],
  ) {}

  /** @param gpus whether each computes on a GPU of its own */
  static async start(processes: number, options: GroupBenchOptions, gpus = false): Promise<Side> {
    const entry = join(repositoryRoot, 'dist', 'bench', 'group', 'member-process.js');
    const base = { ...process.env, ...engineEnvironment({ threads: 1 }), CED_PDEATHSIG: '1' };
    const started = Array.from({ length: processes }, (_, index) => {
      const env = gpus ? { ...base, CUDA_VISIBLE_DEVICES: deviceOf(index) } : base;
      return new Member(fork(entry, [JSON.stringify(options)], { env }));
    });
    // Once each is ready, so that ports are taken soon after they were found free.
    await Promise.all(started.map((member) => member.ask({ do: 'join', group: null })));
    const members: GroupMember[] = [];
    for (let index = 0; index < processes; index++)
      members.push({ index, host: '127.0.0.1', port: await freePort() });
    const side = new Side(started, members);
    await side.form();
    return side;
  }

  /** As a new generation: in one, a collective has one shape for the same number of parts. */
  async form(): Promise<void> {
    const formed = { generation: ++this.generation, members: this.addresses, timeoutSeconds: 600 };
    await this.tellEach((self) => ({
      do: 'join',
      group: this.size === 1 ? null : { ...formed, self },
    }));
  }

  get size(): number {
    return this.members.length;
  }

  async tell(order: BenchOrder): Promise<BenchAnswer[]> {
    return await this.tellEach(() => order);
  }

  async stepMs(): Promise<number> {
    return slowest(await this.tell({ do: 'step' }));
  }

  async exchangeMs(shape: ExchangeShape): Promise<number> {
    await this.tell({ do: 'prepare', shape });
    return slowest(await this.tell({ do: 'exchange' }));
  }

  /** By a process on average, since the group was formed; null where it cannot be told. */
  sentBytes(): number | null {
    const all = sentOverSockets(this.addresses.map(({ port }) => port));
    return all === null ? null : all / this.size;
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end()));
  }

  private async tellEach(orderOf: (index: number) => BenchOrder): Promise<BenchAnswer[]> {
    return await Promise.all(this.members.map((member, index) => member.ask(orderOf(index))));
  }
}

const slowest = (answers: readonly BenchAnswer[]): number =>
  Math.max(...answers.map(({ ms }) => ms));

/** Among those that this process may use. */
function deviceOf(index: number): string {
  return process.env['CUDA_VISIBLE_DEVICES']?.split(',')[index]?.trim() ?? String(index);
}
