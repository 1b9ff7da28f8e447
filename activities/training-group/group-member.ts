/**
 * A member's worker: connects to the leader of a training, passes on what their engines tell each
 * other, and gives up when the leader is gone.
 */
import { connect } from 'node:net';
import type { Group } from '../../ced/engine/group';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { FromGroupEngine } from '../../jobs/protocol-group';
import { oncePerSecond } from '../../storage/once-per-second';
import type { JoinInput, TrainingLeader } from '../../workflows/contract/activities';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { Attempt } from '../activity-edge';
import type { EngineClient, GroupEngine, GroupWatch, Peers } from '../dependencies';
import { MemberLinks } from './member-links';
import { rateOf, type Rate } from './member-rates';
import { WorkerLine, type ToMember } from './worker-line';

const CONNECT_MS = 5000;
/**
 * How long a member that is told to stop stays in its generation, so that the leader can write a
 * checkpoint first. Its worker is forced to exit 25 seconds after the order.
 */
const STAY_MS = 18_000;

/** @throws if the leader cannot be reached or is lost; another attempt may find it */
export async function joinTraining(
  engine: EngineClient,
  peers: Peers,
  { leader, ...input }: JoinInput,
  attempt: Attempt,
): Promise<null> {
  const { socket, port } = await reach(leader, peers);
  const stop = new AbortController();
  const seat = new Seat(stop, (onMessage, onClosed) => new WorkerLine(socket, onMessage, onClosed));
  const leave = (): void => seat.leave();
  attempt.signal.addEventListener('abort', leave, { once: true });
  try {
    seat.line.send({ type: 'hello', token: leader.token, host: peers.address, port });
    return await engine.run(
      { kind: 'take part', input },
      {
        ...attempt,
        onProgress: (progress) => {
          seat.onProgress(progress);
          attempt.onProgress(progress);
        },
        signal: stop.signal,
        group: seat,
      },
    );
  } catch (error) {
    if (error instanceof EngineStopped && seat.lost !== null && !attempt.signal.aborted)
      throw new Error(`the leader of ${leader.model} is gone: ${seat.lost}`, { cause: error });
    throw error;
  } finally {
    attempt.signal.removeEventListener('abort', leave);
    seat.close();
  }
}

async function reach(
  leader: TrainingLeader,
  peers: Peers,
): Promise<{ socket: ReturnType<typeof connect>; port: number }> {
  const port = await peers.freePort();
  const socket = connect({ host: leader.host, port: leader.port, timeout: CONNECT_MS });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
    socket.once('timeout', () => reject(new Error('it does not answer')));
  }).catch((error: unknown) => {
    socket.destroy();
    throw new Error(
      `the leader of ${leader.model} cannot be reached: ${(error as Error).message}. It is tried ` +
        'again; where that goes on, look whether a firewall between the workers lets TCP through',
      { cause: error },
    );
  });
  socket.setTimeout(0);
  return { socket, port };
}

class Seat implements GroupWatch {
  readonly line: WorkerLine;
  /** Why it cannot go on without another attempt. */
  lost: string | null = null;
  private engine: GroupEngine | null = null;
  /** In which the engine is. */
  private generation: number | null = null;
  private links: MemberLinks | null = null;
  private isOver = false;
  private leaving: NodeJS.Timeout | undefined;
  private rate: Rate | null = null;
  private readonly tellRate = oncePerSecond(() => {
    if (this.rate) this.line.send({ type: 'rate', ...this.rate });
  });

  /** @param stop ends the job of the engine */
  constructor(
    private readonly stop: AbortController,
    open: (onMessage: (message: unknown) => void, onClosed: (why: string) => void) => WorkerLine,
  ) {
    this.line = open(
      (message) => this.onLeader(message as ToMember),
      (why) => this.lose(why),
    );
  }

  onStart(engine: GroupEngine): void {
    this.engine = engine;
  }

  onMessage(message: FromGroupEngine): void {
    if (message.type === 'ready') this.left();
    this.line.send({ type: 'engine', message });
  }

  onProgress(progress: LiveProgress): void {
    this.rate = rateOf(progress);
    if (this.rate) this.tellRate();
  }

  /** Once the leader has written a checkpoint, or has had the time for one. */
  leave(): void {
    if (this.generation === null) return this.stop.abort();
    this.line.send({ type: 'leaving' });
    this.leaving = setTimeout(() => this.stop.abort(), STAY_MS);
  }

  close(): void {
    clearTimeout(this.leaving);
    this.links?.close();
    this.line.close();
  }

  private onLeader(message: ToMember): void {
    switch (message.type) {
      case 'refused':
        return this.lose(message.why);
      case 'end':
        this.engine?.end(message.generation);
        this.engine?.tell({ type: 'ended', generation: message.generation });
        if (message.generation === this.generation) this.left();
        return;
      case 'engine':
        if (message.message.type === 'over') this.isOver = true;
        if (message.message.type === 'generation') this.enter(message.message.group);
        this.engine?.tell(message.message);
    }
  }

  private enter(group: Group | null): void {
    this.generation = group?.generation ?? null;
    this.links?.close();
    this.links =
      group &&
      new MemberLinks(group, (from) =>
        this.line.send({ type: 'cut', generation: group.generation, from }),
      );
  }

  private left(): void {
    this.enter(null);
    if (this.leaving !== undefined) this.stop.abort();
  }

  private lose(why: string): void {
    if (this.isOver) return;
    this.lost = why;
    if (this.generation !== null) this.engine?.end(this.generation);
    this.stop.abort();
  }
}
