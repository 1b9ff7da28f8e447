import { LiveDisplay } from '../../cli/run/live-display';
import type { StageLine } from '../../cli/run/live-lines';

class RecordedScreen {
  text = '';
  columns = 40;
  rows = 24;
  constructor(readonly isTTY: boolean) {}
  write(text: string): void {
    this.text += text;
  }
}

const line = (
  text: string,
  state: StageLine['state'] = 'running',
  retries: string[] = [],
): StageLine => ({
  stage: 'logits',
  state,
  text,
  retries,
});

describe('live display in a log', () => {
  it('prints a stage when it begins, then at most every 15 seconds, then when it ends', () => {
    const screen = new RecordedScreen(false);
    let nowMs = 0;
    const display = new LiveDisplay(screen, () => nowMs);
    display.show([line('waiting', 'waiting')]);
    for (; nowMs <= 31_000; nowMs += 1000) display.show([line(`at ${nowMs / 1000} s`)]);
    display.show([line('ended', 'done')]);
    display.show([line('ended', 'done')]);
    expect(screen.text.split('\n')).toEqual(['at 0 s', 'at 15 s', 'at 30 s', 'ended', '']);
  });

  it('prints each retry once', () => {
    const screen = new RecordedScreen(false);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('a', 'running', ['attempt 2'])]);
    display.show([line('a', 'running', ['attempt 2'])]);
    expect(screen.text.match(/attempt 2/g)).toHaveLength(1);
  });

  it('prints each alert about a worker once, below its stage', () => {
    const screen = new RecordedScreen(false);
    const display = new LiveDisplay(screen, () => 0);
    const alerted = { ...line('a'), alerts: ['no worker'] };
    display.show([alerted]);
    display.show([alerted]);
    expect(screen.text).toBe('a\n           no worker\n');
  });

  it('writes no terminal control sequence', () => {
    const screen = new RecordedScreen(false);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('a')]);
    display.note('note');
    expect(screen.text).toBe('a\nnote\n');
  });
});

describe('live display on a terminal', () => {
  it('redraws its lines in place, and only those', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('one'), line('two')]);
    display.show([line('three'), line('four')]);
    expect(screen.text).toBe('one\ntwo\n\x1b[2A\x1b[0Jthree\nfour\n');
  });

  it('leaves the last lines standing above what comes after', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('one')]);
    display.keep();
    display.note('table');
    expect(screen.text).toBe('one\ntable\n');
  });

  it('breaks a retry between words: its end is the remedy', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('a', 'running', ['shard 3 failed: no such class; start one'])]);
    expect(screen.text.split('\n')).toEqual([
      'a',
      '           retry: shard 3 failed: no',
      '           such class; start one',
      '',
    ]);
    display.show([line('b')]);
    expect(screen.text).toMatch(/\x1b\[3A\x1b\[0Jb\n$/);
  });

  it('cuts lines to the width, so that redrawing counts right', () => {
    const screen = new RecordedScreen(true);
    new LiveDisplay(screen, () => 0).show([line('x'.repeat(100))]);
    expect(screen.text).toBe(`${'x'.repeat(38)}…\n`);
  });

  it('counts what the terminal shows: wide characters, and control characters as text', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('音'.repeat(30)), line('\u0007'.repeat(30)), line('e\u0301'.repeat(30))]);
    expect(screen.text).toBe(
      `${'音'.repeat(19)}…\n${'\\u0007'.repeat(6)}\\u…\n${'e\u0301'.repeat(30)}\n`,
    );
  });

  it('erases the rows that its lines take in a terminal that became narrower', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('x'.repeat(39)), line('short')]);
    screen.columns = 20;
    screen.text = '';
    display.note('note');
    expect(screen.text).toBe('\x1b[3A\x1b[0Jnote\n');
  });

  it('draws no more lines than the terminal can erase: waiting stages go first', () => {
    const screen = new RecordedScreen(true);
    screen.rows = 4;
    const display = new LiveDisplay(screen, () => 0);
    display.show([
      line('plan', 'done'),
      line('logits', 'running', ['attempt 2']),
      line('distill', 'waiting'),
    ]);
    expect(screen.text.split('\n').map((text) => text.trim())).toEqual([
      'plan',
      'logits',
      'retry: attempt 2',
      '',
    ]);
    screen.rows = 3;
    screen.text = '';
    display.show([line('plan', 'done'), line('logits', 'running', ['attempt 2'])]);
    expect(screen.text).toBe(`\x1b[3A\x1b[0Jlogits\n${' '.repeat(11)}retry: attempt 2\n`);
  });

  it('colours nothing', () => {
    const screen = new RecordedScreen(true);
    const display = new LiveDisplay(screen, () => 0);
    display.show([line('one'), line('two', 'done'), line('three', 'waiting')]);
    display.show([line('four', 'running', ['attempt 2'])]);
    expect(screen.text).not.toMatch(/\x1b\[[\d;]*m/);
  });
});
