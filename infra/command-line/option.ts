/** Options of a command line as rows of a table, and the kinds of value they take. */

/** What an option accepts. */
export interface Kind<T> {
  /** Completes the error message `--NAME TEXT: expected …`. */
  readonly expected: string;
  /** @returns undefined for a text that is refused */
  readonly parse: (text: string) => T | undefined;
  /** All that is accepted, where that can be listed. */
  readonly choices?: readonly string[];
}

/** An option that is given or not. */
export interface Flag {
  readonly help: string;
}

/** An option with a value. */
export interface Valued<T> {
  /** Stands for the value in the help text, e.g. `N`. */
  readonly value: string;
  readonly is: Kind<T>;
  readonly help: string;
  readonly default?: string | number | readonly (string | number)[];
  /** The default as the help text shows it, where that is not the value itself. */
  readonly shown?: string;
  readonly required?: true;
  /** May be given several times: its value is an array. */
  readonly multiple?: true;
}

export type Option = Flag | Valued<unknown>;
export type Options = Readonly<Record<string, Option>>;

export type ValueOf<O> = O extends { is: Kind<infer T> }
  ? O extends { multiple: true }
    ? T[]
    : O extends { required: true } | { default: unknown }
      ? T
      : T | undefined
  : boolean;

export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

export const text: Kind<string> = { expected: 'a text', parse: (given) => given };

/** Not the empty text. @param expected says what the text names */
export function textOf(expected: string): Kind<string> {
  return { expected, parse: (given) => (given === '' ? undefined : given) };
}

export const count = atLeast(1, 'a whole number above 0');

/** @param least smallest whole number that is accepted */
export function atLeast(
  least: number,
  expected = `a whole number of at least ${least}`,
): Kind<number> {
  return numberThat((value) => Number.isInteger(value) && value >= least, expected);
}

export function between(least: number, most: number): Kind<number> {
  return numberThat(
    (value) => Number.isInteger(value) && value >= least && value <= most,
    `a whole number from ${least} to ${most}`,
  );
}

export const amount = numberThat(
  (value) => value > 0 && Number.isFinite(value),
  'a number above 0',
);

export const fraction = numberThat(
  (value) => value >= 0 && value <= 1,
  'a fraction between 0 and 1',
);

export const port = numberThat(
  (value) => Number.isInteger(value) && value >= 1 && value <= 65_535,
  'a port between 1 and 65535',
);

export function numberThat(accepts: (value: number) => boolean, expected: string): Kind<number> {
  return {
    expected,
    parse: (given) => {
      const value = given.trim() === '' ? NaN : Number(given);
      return accepts(value) ? value : undefined;
    },
  };
}

export function oneOf<const Name extends string>(...names: readonly Name[]): Kind<Name> {
  return {
    expected: alternatives(names),
    parse: (given) => names.find((name) => name === given),
    choices: names,
  };
}

/** Several names of a set, separated by commas. */
export function someOf<const Name extends string>(...names: readonly Name[]): Kind<Name[]> {
  return {
    expected: `one or more of ${names.join(', ')}, separated by commas`,
    parse: (given) => {
      const found = given.split(',').map((part) => names.find((name) => name === part));
      return found.includes(undefined) ? undefined : (found as Name[]);
    },
  };
}

/** `a, b or c` */
function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
