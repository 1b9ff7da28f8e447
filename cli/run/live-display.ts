/**
 * Shows live lines: redrawn in place on a terminal; in a log, a line when a stage begins, at most
 * every 15 s while it runs, and when it ends.
 */
import { control } from '../../infra/command-line/terminal';
import type { StageLine } from './live-lines';

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const LOG_EVERY_MS = 15_000;

export class LiveDisplay {
  private drawn = 0;
  private readonly logged = new Map<
    string,
    { atMs: number; state: StageLine['state']; text: string }
  >();
  private readonly loggedRetries = new Set<string>();

  constructor(
    private readonly screen: Screen,
    private readonly monotonicMs: () => number,
  ) {}

  show(lines: readonly StageLine[]): void {
    if (this.screen.isTTY === true) this.redraw(lines);
    else this.log(lines);
  }

  /** Prints a permanent line above the live ones. */
  note(text: string): void {
    this.erase();
    this.screen.write(`${text}\n`);
  }

  /** Makes the live lines permanent; later output comes below them. */
  keep(): void {
    this.drawn = 0;
  }

  private redraw(lines: readonly StageLine[]): void {
    const { columns = 0 } = this.screen;
    const width = (columns > 0 ? columns : 80) - 1; // a terminal of unknown size says 0
    const texts = lines
      .flatMap(({ text, retries }) => [
        text,
        ...retries.map((retry) => `           retry: ${retry}`),
      ])
      .map((text) => clip(text, width));
    this.erase();
    this.screen.write(texts.map((text) => `${text}\n`).join(''));
    this.drawn = texts.length;
  }

  private erase(): void {
    if (this.drawn > 0) control(this.screen, `\x1b[${this.drawn}A\x1b[0J`);
    this.drawn = 0;
  }

  private log(lines: readonly StageLine[]): void {
    const nowMs = this.monotonicMs();
    for (const { stage, state, text, retries } of lines) {
      const last = this.logged.get(stage);
      const due =
        last === undefined ||
        last.state !== state ||
        (state === 'running' && text !== last.text && nowMs - last.atMs >= LOG_EVERY_MS);
      if (state !== 'waiting' && due) {
        this.screen.write(`${text}\n`);
        this.logged.set(stage, { atMs: nowMs, state, text });
      }
      for (const retry of retries) {
        if (this.loggedRetries.has(retry)) continue;
        this.loggedRetries.add(retry);
        this.screen.write(`           retry: ${retry}\n`);
      }
    }
  }
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
