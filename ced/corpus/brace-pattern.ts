/**
 * Brace patterns of shard names, as a shell and WebDataset read them: `{000..199}` counts, keeping
 * leading zeros, `{a,b}` lists. Other braces, such as those of `take{1}.tar`, are characters of the
 * name, and so is a brace behind a backslash.
 */

const MOST_NAMES = 1_000_000;

/** @throws RangeError for a pattern that counts backwards or names more than a million */
export function expandBraces(pattern: string): string[] {
  return expand(pattern).map((name) => name.replace(/\\([{}])/g, '$1'));
}

function expand(pattern: string): string[] {
  const braces = /(?<!\\)\{([^{}\\]*)\}/g;
  let match = braces.exec(pattern);
  while (match && !/^\d+\.\.\d+$|,/.test(match[1]!)) match = braces.exec(pattern);
  if (!match?.[1]) return [pattern];
  const [before, after] = [
    pattern.slice(0, match.index),
    pattern.slice(match.index + match[0].length),
  ];
  const choices = alternatives(match[1]);
  const rest = expand(after);
  if (choices.length * rest.length > MOST_NAMES)
    throw new RangeError(`${pattern} names more than ${MOST_NAMES} shards`);
  return choices.flatMap((choice) => rest.map((tail) => `${before}${choice}${tail}`));
}

function alternatives(inside: string): string[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  if (!range) return inside.split(',');
  const [first, last] = [range[1] ?? '', range[2] ?? ''];
  const count = Number(last) - Number(first) + 1;
  if (count < 1) throw new RangeError(`{${inside}} counts backwards`);
  if (count > MOST_NAMES) throw new RangeError(`{${inside}} names more than ${MOST_NAMES} shards`);
  const width =
    first.startsWith('0') || last.startsWith('0') ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: count }, (_, index) =>
    String(Number(first) + index).padStart(width, '0'),
  );
}
