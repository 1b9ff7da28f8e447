import { once } from 'node:events';
import { connect } from 'node:net';
import type { EngineClient, GroupEngine, GroupWatch } from '../../activities/dependencies';
import { cutOff } from '../../activities/training-group/cut-off';
import { joinTraining } from '../../activities/training-group/group-member';
import { leadTraining } from '../../activities/training-group/lead-training';
import type { EngineKind } from '../../ced/engine/environment';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { ToGroupEngine } from '../../jobs/protocol-group';
import type { EpochRecord, JoinInput, TrainingLeader } from '../../workflows/contract/activities';
import type { LiveProgress } from '../../workflows/contract/live-progress';

const HOST = '127.0.0.1';
/** No engine listens here. */
const PORT = 20_001;
const freePort = (): Promise<number> => Promise.resolve(PORT);
const KIND: EngineKind = {
  tensorflow: '2',
  device: 'cpu',
  instructionCap: 'X',
  numericsVersion: 1,
};

/** An engine that trains nothing: the test says what it tells, and sees what it is told. */
class FakeEngine implements EngineClient {
  readonly ended: number[] = [];
  readonly begun: Promise<void>;
  private readonly told: ToGroupEngine[] = [];
  private watch: GroupWatch | null = null;
  private report: (progress: LiveProgress) => void = () => undefined;
  private reportEpoch: (record: EpochRecord) => void = () => undefined;
  private begin: () => void = () => undefined;
  private wake: () => void = () => undefined;
  private finish: (result: never) => void = () => undefined;

  constructor() {
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  readonly run = ((_job, { signal, group, onProgress, onEpoch }) => {
    this.watch = group ?? null;
    this.report = onProgress;
    this.reportEpoch = onEpoch ?? this.reportEpoch;
    const engine: GroupEngine = {
      tell: (message) => (this.told.push(message), this.wake()),
      end: (generation) => (this.ended.push(generation), this.wake()),
    };
    group?.onStart(engine);
    this.begin();
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      signal.addEventListener('abort', () => reject(new EngineStopped()));
    });
  }) as EngineClient['run'];

  ready(step = 0, key = 'key'): void {
    this.watch?.onMessage({ type: 'ready', key, kind: KIND, step });
  }

  /** A step in a generation. */
  step(generation: number, members: number, stepMs: number): void {
    const pace = { clipsPerSecond: 1, stepMs, dataWaitShare: 0 };
    const count = { unit: 'steps', done: 1, total: 9, perSecond: 1, etaSeconds: null };
    this.report({ ...count, pace, group: { generation, members } });
  }

  epoch(epoch: number, group?: EpochRecord['group']): void {
    const record = { student: 'm', epoch, epochs: 9, step: epoch, loss: 1, mAP: null };
    this.reportEpoch({ ...record, ...(group ? { group } : {}) });
  }

  over(): void {
    this.watch?.onMessage({ type: 'over' });
  }

  done(): void {
    this.finish(null as never);
  }

  /** The next message of a type; those before it are passed over. */
  async next<Type extends ToGroupEngine['type']>(
    type: Type,
  ): Promise<Extract<ToGroupEngine, { type: Type }>> {
    for (;;) {
      const message = this.told.shift();
      if (message?.type === type) return message as Extract<ToGroupEngine, { type: Type }>;
      if (!message) await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** A training that others may join, with the place where, and the epochs and phases it told of. */
async function lead(engine: FakeEngine, max: number, min = 1) {
  let announced!: (leader: TrainingLeader) => void;
  const place = new Promise<TrainingLeader>((resolve) => (announced = resolve));
  const peers = {
    address: HOST,
    freePort,
    announce: (_: unknown, leader: TrainingLeader) => Promise.resolve(announced(leader)),
  };
  const workflowExecution = { workflowId: 'w', runId: 'r' };
  const epochs: EpochRecord[] = [];
  const phases: (string | undefined)[] = [];
  const ended = leadTraining(
    { peers },
    { name: 'm', parts: 8, workers: { min, max } },
    { workflowExecution },
    {
      ...unwatched(),
      onProgress: ({ phase }: LiveProgress) => void phases.push(phase),
      onEpoch: (record: EpochRecord) => void epochs.push(record),
    },
    (watched) => engine.run({ kind: 'train' } as never, watched),
  );
  const found = await place;
  await engine.begun;
  return { place: found, ended, epochs, phases };
}

const unwatched = () => ({ signal: new AbortController().signal, onProgress: () => undefined });

function join(engine: FakeEngine, leader: TrainingLeader, address = HOST) {
  const stop = new AbortController();
  const attempt = { ...unwatched(), signal: stop.signal, onAlive: () => undefined };
  const peers = { address, freePort, announce: () => Promise.resolve() };
  const ended = joinTraining(engine, peers, { leader } as unknown as JoinInput, attempt);
  ended.catch(() => undefined);
  return { ended, stop };
}

const indexes = ({ group }: Extract<ToGroupEngine, { type: 'generation' }>) =>
  group?.members.map(({ index }) => index) ?? null;

describe('the workers of a group', () => {
  it('begin alone, take in one after the other, and go on without one that is lost', async () => {
    const [leader, first, second] = [new FakeEngine(), new FakeEngine(), new FakeEngine()];
    const { place, ended } = await lead(leader, 3);
    leader.ready();
    expect(indexes(await leader.next('generation'))).toBeNull();

    const one = join(first, place);
    await first.begun;
    first.ready();
    expect((await leader.next('regroup')).when).toBe('now');
    leader.ready(4);
    const pair = await leader.next('generation');
    expect(pair).toMatchObject({ step: 4, group: { generation: 1, self: 0 } });
    expect(pair.group?.members.map(({ port }) => port)).toEqual([PORT, PORT]);
    expect(await first.next('generation')).toMatchObject({ step: 4, group: { self: 1 } });

    const two = join(second, place);
    await second.begun;
    second.ready();
    // Two of three are there: it waits for the checkpoint.
    expect((await leader.next('regroup')).when).toBe('later');
    leader.ready(8);
    expect((await first.next('ended')).generation).toBe(1);
    first.ready();
    expect(indexes(await leader.next('generation'))).toEqual([0, 1, 2]);
    expect(indexes(await second.next('generation'))).toEqual([0, 1, 2]);

    one.stop.abort();
    expect((await leader.next('regroup')).when).toBe('now');
    leader.ready(9);
    await expect(one.ended).rejects.toThrow(EngineStopped);
    await second.next('ended');
    second.ready();
    expect(indexes(await leader.next('generation'))).toEqual([0, 2]);

    leader.over();
    await second.next('over');
    second.done();
    expect(await two.ended).toBeNull();
    leader.done();
    await ended;
  });
});

describe('a leader', () => {
  it("tells the workflow each member's rate, with the epochs of its generation", async () => {
    const [engine, other] = [new FakeEngine(), new FakeEngine()];
    const { place, ended, epochs } = await lead(engine, 2, 2);
    engine.ready();
    const member = join(other, place);
    await other.begun;
    other.ready();
    await engine.next('generation');
    await other.next('generation');

    const group = { generation: 1, members: 2 };
    engine.step(1, 2, 250);
    engine.epoch(1, group);
    other.step(1, 2, 300);
    // Its line keeps the order: where this has come, the rate has.
    member.stop.abort();
    await engine.next('regroup');
    engine.epoch(2, group);
    // Of another generation, and of the leader alone.
    engine.epoch(3, { generation: 2, members: 2 });
    engine.epoch(4);
    expect(epochs.map(({ group: told }) => told?.stepsPerSecond)).toEqual([
      [4, null],
      [4, 3.33],
      undefined,
      undefined,
    ]);
    engine.done();
    await ended;
    await expect(member.ended).rejects.toThrow();
  });

  it('trains alone to its next checkpoint after three generations that came to none', async () => {
    const [engine, other] = [new FakeEngine(), new FakeEngine()];
    const { place, ended } = await lead(engine, 2);
    engine.ready();
    await engine.next('generation');
    const member = join(other, place);
    await other.begun;
    other.ready();
    for (let generation = 1; generation <= 3; generation++) {
      if (generation === 1) await engine.next('regroup');
      engine.ready();
      expect((await engine.next('generation')).group?.generation).toBe(generation);
      await other.next('generation');
      other.ready();
      await other.next('ended');
    }
    expect(engine.ended).toEqual([1, 2, 3]);
    engine.ready();
    expect((await engine.next('generation')).group).toBeNull();
    expect((await engine.next('regroup')).when).toBe('later');
    engine.ready(1);
    expect((await engine.next('generation')).group?.generation).toBe(4);
    engine.done();
    await ended;
    await expect(member.ended).rejects.toThrow(/^the leader of m is gone: /);
  });

  it('says for how many workers it waits at the start', async () => {
    const [engine, other] = [new FakeEngine(), new FakeEngine()];
    const { place, ended, phases } = await lead(engine, 3, 2);
    engine.ready();
    expect(phases).toEqual(['waiting for 1 more worker with --peers, for 60 s at most']);
    const member = join(other, place);
    await other.begun;
    other.ready();
    expect(indexes(await engine.next('generation'))).toHaveLength(2);
    expect(phases).toHaveLength(1);
    engine.done();
    await ended;
    await expect(member.ended).rejects.toThrow(/^the leader of m is gone: /);
  });

  it('takes in no engine that computes something else', async () => {
    const [engine, other] = [new FakeEngine(), new FakeEngine()];
    const { place, ended } = await lead(engine, 2);
    const member = join(other, place);
    await other.begun;
    other.ready(0, 'another key');
    engine.ready();
    await expect(member.ended).rejects.toThrow(/another key.* is not the leader's/);
    engine.done();
    await ended;
  });

  it('goes on without a member that another member does not reach', async () => {
    const [engine, first, second] = [new FakeEngine(), new FakeEngine(), new FakeEngine()];
    const { place, ended } = await lead(engine, 3, 3);
    const one = join(first, place);
    await first.begun;
    first.ready();
    // The kernel refuses to connect to a broadcast address.
    const two = join(second, place, '127.255.255.255');
    await second.begun;
    second.ready();
    engine.ready();
    await first.next('generation');
    await expect(two.ended).rejects.toThrow(/another member of the group does not reach it/);
    expect((await first.next('ended')).generation).toBe(1);
    first.ready();
    engine.ready();
    expect(indexes(await engine.next('generation'))).toHaveLength(3);
    expect(indexes(await engine.next('generation'))).toHaveLength(2);
    engine.done();
    await ended;
    await expect(one.ended).rejects.toThrow(/^the leader of m is gone: /);
  });

  it('closes connections without its token', async () => {
    const engine = new FakeEngine();
    const { place, ended } = await lead(engine, 2);
    const stranger = connect(place.port, HOST);
    stranger.on('error', () => undefined);
    const hello = { type: 'hello', token: 'x'.repeat(place.token.length), host: HOST, port: 1 };
    stranger.write(`${JSON.stringify(hello)}\n`);
    await once(stranger, 'close');
    engine.done();
    await ended;
  });
});

describe('members between which the network is cut', () => {
  it('go in small number: the one with most cuts, of two with as many the newer', () => {
    const pair = [
      [2, 5],
      [5, 2],
    ] as const;
    expect(cutOff(pair)).toEqual([5]);
    expect(
      cutOff([
        [1, 4],
        [1, 3],
        [2, 1],
      ]),
    ).toEqual([1]);
    expect(
      cutOff([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual([4, 2]);
    expect(cutOff([])).toEqual([]);
  });
});
