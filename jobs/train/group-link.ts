/**
 * The engine's side of the messages of `protocol-group.ts`: what a training waits for and is told
 * while it is in a group.
 */
import type { EngineKind } from '../../ced/engine/environment';
import type { Group } from '../../ced/engine/group';
import type { FromGroupEngine, ToGroupEngine } from '../protocol-group';

/** How often a wait is reported, so that it is not taken for a hang. */
const REPORT_EVERY_MS = 5000;

type Awaited = Exclude<ToGroupEngine, { type: 'regroup' }>;

export class GroupLink {
  private readonly received: Awaited[] = [];
  private wake: (() => void) | null = null;
  private asked: 'now' | 'later' | null = null;

  /**
   * @param stopped ends every wait, with its reason
   * @param onWait reports that the job waits
   */
  constructor(
    readonly tell: (message: FromGroupEngine) => void,
    private readonly stopped: AbortSignal,
    private readonly onWait: () => void,
  ) {
    stopped.addEventListener('abort', () => this.wake?.(), { once: true });
  }

  receive(message: ToGroupEngine): void {
    if (message.type === 'regroup') this.asked = this.asked === 'now' ? 'now' : message.when;
    else this.received.push(message);
    this.wake?.();
  }

  /** Whether the generation is to end at the next checkpoint, and whether that is due now. */
  get regroup(): 'now' | 'later' | null {
    return this.asked;
  }

  /**
   * Waits for the next generation. null = the training is over.
   * @throws the reason of `stopped`
   */
  async generation(
    key: string,
    kind: EngineKind,
    step: number,
  ): Promise<{ group: Group | null; step: number } | null> {
    this.asked = null;
    this.tell({ type: 'ready', key, kind, step });
    for (;;) {
      const message = await this.next();
      if (message.type === 'generation') return message;
      if (message.type === 'over') return null;
    }
  }

  /**
   * A member's wait for the leader after the last step of an epoch: it may be validated.
   * @returns how it goes on: `lost` without this generation
   */
  async epochOver(epoch: number, generation: number): Promise<'next' | 'over' | 'lost'> {
    for (;;) {
      const message = await this.next();
      if (message.type === 'over') return 'over';
      if (message.type === 'epoch' && message.epoch === epoch) return 'next';
      if (message.type === 'ended' && message.generation === generation) return 'lost';
    }
  }

  private async next(): Promise<Awaited> {
    for (;;) {
      this.stopped.throwIfAborted();
      const message = this.received.shift();
      if (message) return message;
      await new Promise<void>((resolve) => {
        const reporting = setInterval(this.onWait, REPORT_EVERY_MS);
        this.wake = () => {
          clearInterval(reporting);
          this.wake = null;
          resolve();
        };
      });
    }
  }
}
