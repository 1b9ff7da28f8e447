/**
 * The leader's worker: takes in the workers that come, forms one generation after the other of the
 * members that are ready, and ends a generation for all when one of them is lost. It never waits
 * for members but at the start and while they leave a generation, and not long then: without any
 * the leader trains alone.
 */
import { counted } from '../../ced/counted';
import { canonicalJson } from '../../ced/canonical-json';
import type { GroupMember } from '../../ced/engine/group';
import type { FromGroupEngine } from '../../jobs/protocol-group';
import type { EpochRecord } from '../../workflows/contract/activities';
import { phaseProgress, type LiveProgress } from '../../workflows/contract/live-progress';
import type { GroupEngine, GroupWatch, Peers } from '../dependencies';
import { Cuts } from './cut-off';
import type { Admitted, Arrival } from './group-entrance';
import { MemberRates, rateOf } from './member-rates';
import type { ToLeader, WorkerLine } from './worker-line';

/** For the first generation's `min` workers. */
const START_MS = 60_000;
/**
 * For the members of a generation that ended to leave it. One that comes later, from a slow step,
 * is taken in again as a newcomer.
 */
const LEAVE_MS = 10_000;
/** Generations in a row that end without a checkpoint, after which the leader trains alone. */
const MOST_FAILED = 3;
/**
 * Last resort of a collective operation, if nothing else ends it. Longer than the slowest step, and
 * than what an engine may be silent before its worker kills it.
 */
const TIMEOUT_SECONDS = 600;
/** The leader's, among the members. */
const OWN_INDEX = 0;

/** What a training tells of itself. */
export interface Reports {
  onProgress: (progress: LiveProgress) => void;
  onEpoch: (record: EpochRecord) => void;
}

/** @param missing workers */
const waitingFor = (missing: number): string =>
  `waiting for ${counted(missing, 'more worker', 'more workers')} with --peers, for ` +
  `${START_MS / 1000} s at most`;

type Ready = Extract<FromGroupEngine, { type: 'ready' }>;

interface Member extends GroupMember {
  readonly line: WorkerLine;
  /** It waits for a generation. */
  ready: Ready | null;
  /** Told to stop. */
  leaving: boolean;
}

export class GroupLeader implements GroupWatch {
  private readonly members = new Set<Member>();
  private engine: GroupEngine | null = null;
  /** The leader's engine waits for a generation. */
  private ready: Ready | null = null;
  private readySinceMs = 0;
  /** What it said last of itself. */
  private own: Ready | null = null;
  /** In the generation that trains now. */
  private current: { generation: number; members: readonly Member[] } | null = null;
  /** Were in the last one. */
  private former: readonly Member[] = [];
  private generation = 0;
  private nextIndex = OWN_INDEX + 1;
  private formedAt = -1;
  private failed = 0;
  private port = 0;
  private hasJoined = false;
  private isOver = false;
  private again: NodeJS.Timeout | undefined;
  private readonly cuts = new Cuts((indices) => this.drop(indices));
  private readonly rates = new MemberRates();
  private report: Reports['onProgress'] | undefined;

  /** @param workers with the leader: waited for at the start, and at most */
  constructor(
    private readonly peers: Peers,
    private readonly workers: { min: number; most: number },
  ) {}

  /** Reports of the leader's engine, on their way to the workflow. */
  watched({ onProgress, onEpoch }: Reports): Reports {
    this.report = onProgress;
    return {
      onProgress: (progress) => {
        const rate = rateOf(progress);
        if (rate) this.rates.told(OWN_INDEX, rate);
        onProgress(progress);
      },
      onEpoch: (record) => onEpoch(this.rates.addedTo(record)),
    };
  }

  admit({ line, host, port }: Arrival): Admitted {
    const index = this.nextIndex++;
    const member: Member = { index, host, port, line, ready: null, leaving: false };
    this.members.add(member);
    if (this.isOver) line.send({ type: 'engine', message: { type: 'over' } });
    return {
      onMessage: (message) => this.onMember(member, message),
      onLost: () => this.lose(member),
    };
  }

  close(): void {
    clearTimeout(this.again);
    this.endCurrent();
    for (const { line } of this.members) line.close();
    this.members.clear();
  }

  onStart(engine: GroupEngine): void {
    this.engine = engine;
  }

  onMessage(message: FromGroupEngine): void {
    switch (message.type) {
      case 'ready':
        this.endCurrent();
        this.failed =
          this.former.length > 0 && message.step === this.formedAt ? this.failed + 1 : 0;
        this.ready = message;
        this.own = message;
        this.readySinceMs = performance.now();
        this.refuseOthers();
        return this.form();
      case 'joined':
        this.hasJoined = true;
        return;
      case 'epoch':
        for (const { line } of this.current?.members ?? []) line.send({ type: 'engine', message });
        return;
      case 'over':
        this.isOver = true;
        this.endCurrent();
        for (const { line } of this.members) line.send({ type: 'engine', message });
    }
  }

  private onMember(member: Member, message: ToLeader): void {
    if (message.type === 'leaving') {
      member.leaving = true;
      if (this.isIn(member)) this.engine?.tell({ type: 'regroup', when: 'now' });
    }
    if (message.type === 'cut' && message.generation === this.current?.generation)
      this.cuts.add([member.index, message.from]);
    if (message.type === 'rate') this.rates.told(member.index, message);
    if (message.type !== 'engine' || message.message.type !== 'ready') return;
    member.ready = message.message;
    this.refuseOthers();
    if (!this.members.has(member)) return;
    // It has left the generation, so the others cannot go on.
    if (this.isIn(member)) this.endForAll();
    if (this.ready) return this.form();
    const size = (this.current?.members.length ?? 0) + 1;
    const isHalfEmpty = 2 * size <= this.workers.most && this.failed < MOST_FAILED;
    if (size < this.workers.most && !member.leaving)
      this.engine?.tell({ type: 'regroup', when: isHalfEmpty ? 'now' : 'later' });
  }

  private drop(indices: readonly number[]): void {
    for (const member of this.current?.members ?? [])
      if (indices.includes(member.index))
        this.refuse(member, 'another member of the group does not reach it');
  }

  private lose(member: Member): void {
    this.members.delete(member);
    if (this.isIn(member)) this.endForAll();
    if (this.ready) this.form();
  }

  private isIn(member: Member): boolean {
    return this.current?.members.includes(member) ?? false;
  }

  private endForAll(): void {
    if (this.current) this.engine?.end(this.current.generation);
    this.endCurrent();
  }

  /** For the members. */
  private endCurrent(): void {
    const { current } = this;
    if (!current) return;
    this.current = null;
    this.cuts.clear();
    for (const { line } of current.members)
      line.send({ type: 'end', generation: current.generation });
  }

  /** Forms a generation, once those are there that are waited for. */
  private form(): void {
    clearTimeout(this.again);
    const { ready } = this;
    if (!ready || !this.engine) return;
    const waitedMs = performance.now() - this.readySinceMs;
    const isLate = this.former.some((member) => this.members.has(member) && !member.ready);
    if (isLate && waitedMs < LEAVE_MS) return this.formIn(LEAVE_MS - waitedMs);
    const there = this.usable();
    const isStart = this.formedAt < 0;
    const missing = this.workers.min - (there.length + 1);
    if (isStart && missing > 0 && waitedMs < START_MS) {
      this.report?.(phaseProgress(waitingFor(missing)));
      return this.formIn(START_MS - waitedMs);
    }
    this.ready = null;
    this.formedAt = ready.step;
    void this.begin(this.failed < MOST_FAILED ? there : [], ready.step);
  }

  private formIn(ms: number): void {
    this.again = setTimeout(() => this.form(), ms);
  }

  /** Members that wait for a generation. */
  private usable(): Member[] {
    const ready = [...this.members].filter((member) => member.ready && !member.leaving);
    return ready.slice(0, this.workers.most - 1);
  }

  /** Another key or kind of engine would give other bytes. */
  private refuseOthers(): void {
    const { own } = this;
    if (!own) return;
    const what = ({ key, kind }: Ready): string => canonicalJson({ key, kind });
    for (const member of this.members) {
      if (!member.ready || what(member.ready) === what(own)) continue;
      this.refuse(member, `${what(member.ready)} is not the leader's ${what(own)}`);
    }
  }

  private refuse(member: Member, why: string): void {
    member.line.send({ type: 'refused', why });
    member.line.close();
    this.lose(member);
  }

  private async begin(members: readonly Member[], step: number): Promise<void> {
    this.former = members;
    if (members.length === 0) {
      this.engine?.tell({ type: 'generation', group: null, step });
      // Those with whom it did not succeed.
      if (this.failed >= MOST_FAILED) this.engine?.tell({ type: 'regroup', when: 'later' });
      return;
    }
    // Until the engine listens on it, another process may take it.
    if (!this.hasJoined) this.port = await this.peers.freePort();
    const generation = ++this.generation;
    const own = { index: OWN_INDEX, host: this.peers.address, port: this.port };
    const all = [own, ...members.map(({ index, host, port }) => ({ index, host, port }))];
    this.current = { generation, members };
    this.rates.begin(
      generation,
      all.map(({ index }) => index),
    );
    const message = (self: number) =>
      ({
        type: 'generation',
        group: { generation, members: all, self, timeoutSeconds: TIMEOUT_SECONDS },
        step,
      }) as const;
    for (const member of members) {
      member.ready = null;
      member.line.send({ type: 'engine', message: message(member.index) });
    }
    this.engine?.tell(message(own.index));
    // One may be gone since.
    if (members.some((member) => !this.members.has(member))) this.endForAll();
  }
}
