import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Group } from '../../../ced/engine/group';
import type { TrainerOptions } from '../../../ced/training/trainer-options';
import type { FromMember } from '../../support/group-member';
import { GroupProcess } from '../../support/group-process';

const STEPS = 8;
const PLAIN: TrainerOptions = { precision: 'float32', parts: 8 };

/** `address:port` in hexadecimal, of all sockets of this machine that listen on a port. */
function listeningOn(port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['tcp', 'tcp6']
    .flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(ending))
    .map((fields) => fields[1] ?? '');
}

describe('a group of engine processes', () => {
  let folder: string;
  /** Their names as text are not in the order of their numbers. */
  let processes: GroupProcess[];
  let generation = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-group-'));
    processes = await Promise.all([2, 10, 3].map((index) => GroupProcess.start(index)));
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  type OwnGroup = (process: GroupProcess) => Group;
  function groupOf(members: readonly GroupProcess[], timeoutSeconds = 600): OwnGroup {
    const formed = {
      generation: ++generation,
      members: members.map(({ member }) => member),
      timeoutSeconds,
    };
    return ({ member }) => ({ ...formed, self: member.index });
  }
  const order = (
    group: Group | null,
    options: TrainerOptions,
  ): { group: Group | null; options: TrainerOptions; checkpoint: string } => ({
    group,
    options,
    checkpoint: join(folder, 'checkpoint'),
  });

  /** From the first step to the last. */
  async function train(
    members: readonly GroupProcess[],
    options: TrainerOptions,
    more: { resume?: boolean } = {},
  ): Promise<(FromMember | null)[]> {
    const own = members.length > 1 ? groupOf(members) : () => null;
    return await Promise.all(
      members.map((each) =>
        each.tell({ ...order(own(each), options), resume: false, until: STEPS, ...more }),
      ),
    );
  }

  let alone: FromMember;
  it('trains the bytes of one process, whatever the number of processes and of parts', async () => {
    const [first, second, third] = processes as [GroupProcess, GroupProcess, GroupProcess];
    for (const options of [
      { precision: 'bfloat16', parts: 3, clipNorm: 0.05, weightDecay: 0.01, averaging: 'ema' },
      PLAIN,
    ] as const) {
      const before = listeningOn(first.member.port);
      const [expected] = (await train([first], options)) as [FromMember];
      expect(expected).toMatchObject({ type: 'trained' });
      expect(listeningOn(first.member.port)).toEqual(before);
      const pair = await train([first, third], options);
      const all = await train([first, second, third], options);
      expect(pair).toEqual([expected, expected]);
      expect(all).toEqual([expected, expected, expected]);
      alone = expected;
    }
  });

  it('listens on the address that it was given, and on no other', () => {
    // Loopback, as an IPv4 address in an IPv6 socket.
    for (const { member } of processes)
      expect(listeningOn(member.port)).toEqual([
        expect.stringMatching(/^0000000000000000FFFF00000100007F:/),
      ]);
  });

  it('without one of its members ends when told to, or after its time-out', async () => {
    const [first, second] = processes as [GroupProcess, GroupProcess];
    for (const timeoutSeconds of [600, 1]) {
      const own = groupOf([first, second], timeoutSeconds);
      const rest = { resume: false, until: STEPS };
      await second.tell({ ...order(own(second), PLAIN), ...rest, idle: true });
      const waiting = first.tell({ ...order(own(first), PLAIN), ...rest });
      if (timeoutSeconds === 600) first.endGroup(own(first));
      expect(await waiting).toMatchObject({ type: 'lost', generation });
    }
  });

  it('is not ended by the end of an earlier one', async () => {
    const pair = processes.slice(0, 2);
    for (const each of pair)
      each.endGroup({ generation, members: [], self: 0, timeoutSeconds: 600 });
    expect(await train(pair, PLAIN)).toEqual([alone, alone]);
  });

  it('goes on without a killed member, in the same processes, to the same bytes', async () => {
    const [first, second, third] = processes as [GroupProcess, GroupProcess, GroupProcess];
    const own = groupOf(processes);
    // It stays away from the fourth step, in which the others wait for it.
    const killed = second.tell({ ...order(own(second), PLAIN), resume: false, until: 3 });
    const survivors = [first, third].map((each) =>
      each.tell({ ...order(own(each), PLAIN), resume: false, until: STEPS }),
    );
    await killed;
    await second.kill();
    for (const each of [first, third]) each.endGroup(own(each));
    for (const answer of await Promise.all(survivors))
      expect(answer).toMatchObject({ type: 'lost', generation });
    const pids = [first.pid, third.pid];
    expect(await train([first, third], PLAIN, { resume: true })).toEqual([alone, alone]);
    expect([first.pid, third.pid]).toEqual(pids);
  });
});
