/** JSONL tables whose rows lie in one to three fields, or whose lines are broken. */
import { basename } from 'node:path';
import { readTables } from '../../../activities/plan/read-table';
import type { Draws } from '../draws';
import { digestOf, type Forgery, type StructuredFormat } from './forgery';
import { inFolder } from './in-folder';
import { NOT_TEXT, withJsonLies, type FieldRule } from './json-lies';
import { sorted } from './run-file';

interface Row {
  clip: string | number;
  audio: string;
  labels?: unknown;
  start?: number | null;
  end?: number | null;
}

const ROWS: readonly Row[] = [
  { clip: 'a', audio: 'a.wav', labels: ['dog', 3], start: 0, end: 4 },
  { clip: 'b', audio: 'b.wav', labels: ['cat'], start: 1.5, end: 2.5 },
  { clip: 'c', audio: 'c.wav', labels: [7], start: 0, end: 1 },
  { clip: 'd', audio: 'd.wav', labels: ['dog'], start: 0, end: 9 },
];

const RULES: readonly FieldRule[] = [
  {
    path: ['clip'],
    good: ['"x"', '5', '"é\\u0000"', JSON.stringify('x'.repeat(512))],
    bad: ['""', JSON.stringify('x'.repeat(513)), 'null', 'true', '{}', '["a"]', '1e400', '1e16'],
  },
  {
    path: ['audio'],
    good: ['"x.wav"', JSON.stringify('x'.repeat(4096))],
    bad: ['""', JSON.stringify('x'.repeat(4097)), 'null', ...NOT_TEXT],
  },
  {
    path: ['labels'],
    good: ['["a"]', '[0]', '"a"', '0', '[2147483648]', '["a","a"]', '[9007199254740991]'],
    bad: ['[-1]', '[0.5]', '[9007199254740992]', '[null]', '[[]]', '{}', 'true', '[true]', '-1'],
  },
  {
    path: ['start'],
    good: ['0', '0.25', '5e-324', '-0', '1e308', '9007199254740993'],
    bad: ['-1', '-5e-324', '1e400', '"0"', 'true', '{}', '-1e400', '[0]'],
  },
  {
    path: ['end'],
    good: ['1.75', '9007199254740993', '1e308'],
    bad: ['0', '-1', '1e400', '"9"', 'null', '[]', '-1e400'],
  },
];

export function jsonlFormat(): StructuredFormat {
  return {
    good: {
      bytes: Buffer.from(ROWS.map((row) => JSON.stringify(row)).join('\n')),
      lies: [],
      readings: [rowsDigest(ROWS)],
    },
    forge: async (draws) => await Promise.resolve(forge(draws)),
    read: async (bytes, name) => {
      const file = `${name}.jsonl`;
      const { rows } = await inFolder(
        { [file]: bytes },
        async (folder) => await readTables(folder, 'corpus.train', file, {}),
      );
      return rowsDigest(
        rows.map(({ clip, audio, written, labels, segment }) => ({
          clip,
          audio: written ?? basename(audio),
          labels,
          ...segment,
        })),
      );
    },
  };
}

function rowsDigest(rows: readonly Row[]): string {
  return digestOf(
    rows.map(({ clip, audio, labels, start, end }) =>
      sorted({
        clip: String(clip),
        audio,
        labels: Array.isArray(labels) ? labels : [labels],
        start: (start ?? 0) + 0,
        end,
      }),
    ),
  );
}

function forge(draws: Draws): Forgery {
  const lines = ROWS.map((row) => JSON.stringify(row));
  const read: (Row | null)[] = [...ROWS];
  const told: string[] = [];
  let isKnown = true;
  for (let count = 1 + draws.below(2); count > 0; count--) {
    const index = draws.below(lines.length);
    const lies = withJsonLies(ROWS[index]!, RULES, draws);
    told.push(`row ${index}: ${lies.told.join(', ')}`);
    lines[index] = lies.text;
    if (lies.value === undefined) isKnown = false;
    else read[index] = lies.value as Row | null;
  }
  const order = draws.below(8);
  const [first, second] = [draws.below(lines.length), draws.below(lines.length)];
  if (order === 0) {
    told.push(`row ${first} changes places with ${second}`);
    [lines[first], lines[second]] = [lines[second]!, lines[first]!];
    [read[first], read[second]] = [read[second]!, read[first]!];
  } else if (order === 1) {
    told.push(`row ${first} is there twice`);
    lines.push(lines[first]!);
  }
  const { what, join } = draws.pick(JOINS);
  told.push(what);
  if (what === 'nothing between rows') isKnown = false;
  return {
    bytes: Buffer.from(join(lines)),
    lies: told,
    readings: isKnown ? [rowsDigest(accepted(read))] : null,
  };
}

/** A row that cannot be read is left out; so is the second of a clip, and one that ends early. */
function accepted(rows: readonly (Row | null)[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row): row is Row => {
    if (row === null) return false;
    const { clip, start, end } = row;
    if (seen.has(String(clip)) || !(Number(end) > Number(start))) return false;
    seen.add(String(clip));
    return true;
  });
}

const JOINS: readonly { what: string; join: (lines: readonly string[]) => string }[] = [
  ...[0, 1, 2, 3].map(() => ({
    what: 'a line end behind each row',
    join: (lines: readonly string[]) => `${lines.join('\n')}\n`,
  })),
  { what: 'no line end at the end', join: (lines) => lines.join('\n') },
  { what: 'line ends of Windows', join: (lines) => `${lines.join('\r\n')}\r\n` },
  { what: 'empty lines', join: (lines) => `\n\n${lines.join('\n \t\n')}\n\n` },
  { what: 'a byte order mark', join: (lines) => `\uFEFF${lines.join('\n')}` },
  { what: 'nothing between rows', join: (lines) => lines.join('') },
];
