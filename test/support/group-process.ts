/** The test's side of `group-member.ts`. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { engineEnvironment } from '../../ced/engine/environment';
import type { Group, GroupMember } from '../../ced/engine/group';
import { freePort } from '../../infra/free-port';
import { repositoryRoot } from '../../infra/toolchain';
import type { FromMember, MemberOrder } from './group-member';

export class GroupProcess {
  private constructor(
    readonly member: GroupMember,
    private readonly child: ChildProcess,
  ) {}

  static async start(index: number): Promise<GroupProcess> {
    const entry = join(repositoryRoot, 'dist', 'test', 'support', 'group-member.js');
    const child = fork(entry, [], {
      serialization: 'advanced',
      env: { ...process.env, ...engineEnvironment({ threads: 1 }), CED_PDEATHSIG: '1' },
      stdio: ['ignore', 'inherit', 'ignore', 'ipc', 'pipe'],
    });
    const ends = child.stdio[4] as Writable;
    ends.on('error', () => undefined);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`a member ended before it was ready: exit status ${code}`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return new GroupProcess({ index, host: '127.0.0.1', port: await freePort() }, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** @returns the answer, or null if the process ended instead */
  async tell(order: MemberOrder): Promise<FromMember | null> {
    return await new Promise((resolve) => {
      const done = (answer: FromMember | null): void => {
        this.child.off('message', onMessage).off('exit', onExit);
        resolve(answer);
      };
      const onExit = (): void => done(null);
      const onMessage = (message: FromMember): void => done(message);
      this.child.on('message', onMessage).on('exit', onExit);
      this.child.send(order);
    });
  }

  /** Ends a generation, from outside the process. */
  endGroup({ generation }: Group): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(generation);
    (this.child.stdio[4] as Writable).write(bytes);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
