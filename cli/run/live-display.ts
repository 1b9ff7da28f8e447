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
const INDENT = ' '.repeat(11);

export class LiveDisplay {
  private drawn = 0;
  private readonly logged = new Map<
    string,
    { atMs: number; state: StageLine['state']; text: string }
  >();
  private readonly loggedTroubles = new Set<string>();

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
    const texts = lines.flatMap((line) => [
      clip(line.text, width),
      ...troubles(line).flatMap((trouble) => wrap(trouble, width)),
    ]);
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
    for (const line of lines) {
      const { stage, state, text } = line;
      const last = this.logged.get(stage);
      const due =
        last === undefined ||
        last.state !== state ||
        (state === 'running' && text !== last.text && nowMs - last.atMs >= LOG_EVERY_MS);
      if (state !== 'waiting' && due) {
        this.screen.write(`${text}\n`);
        this.logged.set(stage, { atMs: nowMs, state, text });
      }
      for (const trouble of troubles(line)) {
        if (this.loggedTroubles.has(trouble)) continue;
        this.loggedTroubles.add(trouble);
        this.screen.write(`${trouble}\n`);
      }
    }
  }
}

function troubles({ retries, alerts = [] }: StageLine): string[] {
  const told = [...retries.map((retry) => `retry: ${retry}`), ...alerts];
  return told.map((text) => `${INDENT}${text}`);
}

/** Breaks between words: the end of a trouble is its remedy. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(clip(`${INDENT}${word}`, width));
  }
  return lines;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
