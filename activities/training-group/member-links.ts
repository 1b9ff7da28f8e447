/**
 * Whether a member reaches the others of its generation: leader and members exchange signs of life,
 * but a cut between two members would leave all engines waiting in a collective operation. Opens a
 * connection to each engine's port now and then. The kernel answers for an engine that is busy or
 * stopped, and a refusal is an answer too: only the network is tested.
 */
import { connect } from 'node:net';
import type { Group, GroupMember } from '../../ced/engine/group';

const EVERY_MS = 4000;
/** Three lost packets in a row take seven seconds to be sent again. */
const ANSWER_MS = 10_000;

export class MemberLinks {
  private readonly asking = new Set<number>();
  private readonly timer: NodeJS.Timeout;
  private isClosed = false;

  /** @param onCut gets the index of a member that does not answer, again and again */
  constructor(
    { members, self }: Group,
    private readonly onCut: (index: number) => void,
  ) {
    const others = members.filter(({ index }) => index !== self);
    const ask = (): void => others.forEach((each) => this.ask(each));
    this.timer = setInterval(ask, EVERY_MS);
    ask();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private ask({ index, host, port }: GroupMember): void {
    if (this.asking.has(index)) return;
    this.asking.add(index);
    void answers(host, port).then((hasAnswered) => {
      this.asking.delete(index);
      if (!hasAnswered && !this.isClosed) this.onCut(index);
    });
  }
}

/** Whether something at the host accepts or refuses a connection. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (hasAnswered: boolean): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(hasAnswered);
    };
    // Where this process had no time for so long, an answer that is there is read first.
    const late = setTimeout(() => setImmediate(end, false), ANSWER_MS);
    socket.once('connect', () => end(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED'));
  });
}
