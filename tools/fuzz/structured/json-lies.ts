/**
 * Lies in JSON: a table says of each field which values it may have. A value that is allowed must
 * come out as it is written, any other must be refused.
 */
import type { Draws } from '../draws';

/** A value as JSON text, since JSON has numbers that JavaScript writes otherwise. */
export type JsonText = string;

export interface FieldRule {
  path: readonly (string | number)[];
  /** Each must be read as it stands, or refused. */
  good: readonly JsonText[];
  /** Each must be refused. */
  bad: readonly JsonText[];
}

/** Of no type that a field here has. */
const FOREIGN: readonly JsonText[] = ['{}', '[[]]', '{"__proto__":{"a":1}}', '[null]'];
export const NOT_TEXT: readonly JsonText[] = [...FOREIGN, 'true', '3', '-0.5'];
export const NOT_NUMBER: readonly JsonText[] = [
  ...FOREIGN,
  'true',
  '"5"',
  'null',
  '1e400',
  '-1e400',
];

/** A whole number from `least` to `most`. */
export function whole(path: FieldRule['path'], least: number, most: number): FieldRule {
  const out = [least - 1, most + 1, 2 ** 31, 2 ** 53, 1e15, -1].filter(
    (value) => value < least || value > most,
  );
  return {
    path,
    good: [least, most, Math.min(most, least + 1)].map(String),
    bad: [...out.map(String), `${least}.5`, '1e300', ...NOT_NUMBER],
  };
}

/** @param isOpen `least` itself is refused */
export function real(
  path: FieldRule['path'],
  least: number,
  most: number,
  isOpen = false,
): FieldRule {
  const middle = least + (most - least) / 3;
  return {
    path,
    good: [...(isOpen ? ['5e-324'] : [String(least)]), String(most), String(middle)],
    bad: [
      ...(isOpen ? [String(least)] : []),
      String(least - 1),
      String(most * 2 + 1),
      ...NOT_NUMBER,
    ],
  };
}

export function choice(path: FieldRule['path'], ...names: string[]): FieldRule {
  return {
    path,
    good: names.map((name) => JSON.stringify(name)),
    bad: ['""', '"other"', JSON.stringify('x'.repeat(100_000)), ...NOT_TEXT, 'null'],
  };
}

export interface JsonLies {
  text: string;
  /** What it says, as far as that is a single value; null where any of it must be refused. */
  value: unknown;
  told: readonly string[];
}

/** One to three fields lie; sometimes the text itself is broken, or has a field that none knows. */
export function withJsonLies(truth: object, rules: readonly FieldRule[], draws: Draws): JsonLies {
  const marks = new Map<string, JsonText>();
  const lied = new Set<string>();
  const told: string[] = [];
  const marked = structuredClone(truth);
  const value = structuredClone(truth);
  let isBad = false;
  for (let count = 1 + draws.below(3); count > 0; count--) {
    const { path, good, bad } = draws.pick(rules);
    const where = path.join('.');
    if (lied.has(where)) continue;
    lied.add(where);
    const mark = `\u0001${marks.size}\u0001`;
    const isLie = good.length === 0 || draws.below(3) > 0;
    const text = draws.pick(isLie ? bad : good);
    set(marked, path, mark);
    if (!isLie) set(value, path, JSON.parse(text));
    marks.set(JSON.stringify(mark), text);
    told.push(`${where} = ${text.slice(0, 60)}`);
    isBad ||= isLie;
  }
  // A later lie about the same field, or about one that holds it, replaces an earlier one.
  let text = JSON.stringify(marked);
  const left = [...marks].filter(([mark]) => text.includes(mark));
  for (const [mark, written] of left) text = text.replace(mark, () => written);
  isBad &&= left.length === marks.size;
  const isBroken = draws.below(10) === 0;
  if (isBroken) {
    const { what, change } = draws.pick(BREAKS);
    text = change(text, draws);
    told.push(what);
  }
  if (left.length < marks.size || isBroken) return { text, value: undefined, told };
  return { text, value: isBad ? null : value, told };
}

const BREAKS: readonly { what: string; change: (text: string, draws: Draws) => string }[] = [
  { what: 'cut short', change: (text, draws) => text.slice(0, draws.below(text.length)) },
  { what: 'a field twice', change: (text) => text.replace(/^\{("[^"]+"):/, '{$1:0,$1:') },
  { what: 'an unknown field', change: (text) => text.replace(/^\{/, '{"foreign":1,') },
  { what: 'a prototype', change: (text) => text.replace(/^\{/, '{"__proto__":{"name":"x"},') },
  { what: 'a deep list', change: (text) => `${'['.repeat(20_000)}${text}${']'.repeat(20_000)}` },
  { what: 'a byte order mark', change: (text) => `\uFEFF${text}` },
  { what: 'NUL bytes', change: (text) => `${text}\0\0` },
  { what: 'a comma too many', change: (text) => text.replace(/\}$/, ',}') },
  { what: 'NaN', change: (text) => text.replace(/:\d+/, ':NaN') },
  { what: 'half a surrogate', change: (text) => text.replace(/:"/, ':"\\ud800') },
];

function set(holder: object, path: FieldRule['path'], value: unknown): void {
  let at = holder as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) {
    if (typeof at[key] !== 'object' || at[key] === null) return;
    at = at[key] as Record<string | number, unknown>;
  }
  at[path.at(-1)!] = value;
}
