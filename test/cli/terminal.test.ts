import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { control, guardTerminal, printable } from '../../infra/command-line/terminal';
import { repositoryRoot } from '../../infra/toolchain';
import { writeToneCorpus } from '../support/tone-corpus';

/** Clears the screen, sets the title, asks the terminal to answer; also as one character (C1). */
const HOSTILE = '\x1b[2J\x1b]0;title\x07\x9b6n\r\u202egnp.exe';
/** What a terminal obeys; ends of lines and tab are text. */
const OBEYED = /(?![\t\n]|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

describe('what is printed', () => {
  it('holds nothing that a terminal obeys, and is what it was to a reader of JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(OBEYED);
        const json = JSON.stringify({ text });
        expect(JSON.parse(printable(json))).toEqual({ text });
      }),
    );
    expect(printable('Örgel\t♪\nlast')).toBe('Örgel\t♪\nlast');
    expect(printable('a\x1b[2Jb')).toBe('a\\u001b[2Jb');
    expect(printable('over\rwritten, a row of CSV\r\n')).toBe(
      'over\\u000dwritten, a row of CSV\r\n',
    );
  });

  it('goes through one writer, which leaves bytes and own sequences as they are', () => {
    const written: unknown[] = [];
    const stream = { write: (text: unknown) => written.push(text) };
    guardTerminal([stream as unknown as NodeJS.WriteStream]);
    guardTerminal([stream as unknown as NodeJS.WriteStream]);
    stream.write('\x1b[2J');
    stream.write(Buffer.from('\x1b'));
    control(stream, '\r\x1b[K');
    expect(written).toEqual(['\\u001b[2J', Buffer.from('\x1b'), '\r\x1b[K']);
  });
});

describe('programs that are given hostile names', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-terminal-'));
    writeToneCorpus(folder, { train: 4, validation: 2, eval: 2 });
    const row = { clip: `clip ${HOSTILE}`, audio: `${HOSTILE}.wav`, labels: [HOSTILE] };
    writeFileSync(join(folder, 'hostile.jsonl'), `${JSON.stringify(row)}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** @returns what a compiled program printed on both outputs */
  function printedBy(entry: string, ...args: string[]): string {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', join(repositoryRoot, 'dist', entry), ...args],
      { cwd: folder, encoding: 'utf8' },
    );
    return stdout + stderr;
  }

  it.each([
    ['of a command', 'cli/main.js', [HOSTILE]],
    ['of clips and labels', 'cli/main.js', ['corpus', 'hostile.jsonl']],
    ['of clips, as JSON', 'cli/main.js', ['corpus', 'hostile.jsonl', '--json']],
    ['of a store', 'cli/main.js', ['store', 'du', `nowhere://${HOSTILE}`]],
    ['of a server', 'workers/main.js', ['--queue', 'cpu', '--address', HOSTILE]],
  ])('print them as text: the name %s', (_, entry, args) => {
    const printed = printedBy(entry, ...args);
    expect(printed).toContain('\\u001b[2J');
    expect(printed).not.toMatch(OBEYED);
  });
});
