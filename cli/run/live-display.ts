/**
 * Shows live lines: redrawn in place on a terminal; in a log, a line when a stage begins, at most
 * every 15 s while it runs, and when it ends. Nothing is coloured, so `NO_COLOR` changes nothing.
 */
import { columnsOf, cutToColumns } from '../../infra/command-line/text-columns';
import { control, printable } from '../../infra/command-line/terminal';
import type { StageLine } from './live-lines';

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

/** A terminal of unknown size says 0. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;

const LOG_EVERY_MS = 15_000;
const INDENT = ' '.repeat(11);

export class LiveDisplay {
  /** Columns of each live line on the terminal. */
  private drawn: number[] = [];
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
    this.drawn = [];
  }

  private redraw(lines: readonly StageLine[]): void {
    const { columns } = this;
    const texts = this.fitting(lines, columns - 1);
    this.erase();
    this.screen.write(texts.map((text) => `${text}\n`).join(''));
    this.drawn = texts.map(columnsOf);
  }

  private get columns(): number {
    return this.screen.columns || USUAL_COLUMNS;
  }

  /**
   * As many lines as the cursor can go back over: those that scroll out of the terminal could not
   * be erased. Stages that wait are left out first, then finished ones.
   */
  private fitting(lines: readonly StageLine[], width: number): string[] {
    const most = (this.screen.rows || USUAL_ROWS) - 1;
    const without = (...states: StageLine['state'][]): string[] =>
      lines
        .filter(({ state }) => !states.includes(state))
        .flatMap((line) => [
          // What a terminal would obey is shown as text, which is longer: it is cut afterwards.
          cutToColumns(printable(line.text), width),
          ...troubles(line).flatMap((trouble) => wrap(printable(trouble), width)),
        ]);
    const all = without();
    if (all.length <= most) return all;
    const begun = without('waiting');
    return (begun.length <= most ? begun : without('waiting', 'done')).slice(0, Math.max(1, most));
  }

  /** A line that is wider than the terminal, since that was made narrower, takes several rows. */
  private erase(): void {
    const { columns } = this;
    const rows = this.drawn.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    if (rows > 0) control(this.screen, `\x1b[${rows}A\x1b[0J`);
    this.drawn = [];
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
    if (lines.length > 0 && columnsOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(cutToColumns(`${INDENT}${word}`, width));
  }
  return lines;
}
