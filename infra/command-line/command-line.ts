/**
 * A command line described by one table: usage, help text, parsing, defaults and error messages
 * come from it.
 */
import { parseArgs } from 'node:util';
import { helpText, withSeparator, type HelpedCommand } from './help-text';
import type { Option, Options, Valued, Values } from './option';
import { asTypedHere } from '../package-root';
import { didYouMean } from './similar-name';
import { UsageError } from './usage-error';

export interface CommandSpec<O extends Options> extends HelpedCommand {
  readonly options: O;
}

export interface Parsed<O extends Options> {
  readonly values: Values<O>;
  /** As many as the table accepts. */
  readonly operands: readonly string[];
}

export interface CommandLine<O extends Options> {
  readonly spec: CommandSpec<O>;
  readonly help: string;
  /**
   * @returns null for --help
   * @throws {UsageError} one line that names the option and what is expected
   */
  parse(argv: readonly string[]): Parsed<O> | null;
  /** Prints the help text for --help, else runs the body. @returns exit status */
  run(argv: readonly string[], body: (parsed: Parsed<O>) => Promise<number>): Promise<number>;
  /** An error about the operands. @param expected e.g. `one run file` */
  misused(expected: string): UsageError;
}

export function commandLine<const O extends Options>(spec: CommandSpec<O>): CommandLine<O> {
  const help = helpText(spec);
  const misused = (expected: string): UsageError =>
    new UsageError(
      asTypedHere(`${spec.program}: expected ${expected}; see ${withSeparator(spec)} --help`),
    );
  const parse = (argv: readonly string[]): Parsed<O> | null => {
    const end = argv.indexOf('--');
    const own = end < 0 ? argv : argv.slice(0, end);
    if (own.includes('--help') || own.includes('-h')) return null;
    const { values, positionals } = textsOf(argv, spec);
    const { least = 0, most = 0, expected = '' } = spec.operands ?? {};
    if (positionals.length < least || positionals.length > most) throw misused(expected);
    const entries = Object.entries(spec.options).map(([name, option]) => [
      name,
      valueOf(name, option, values[name]),
    ]);
    return { values: Object.fromEntries(entries) as Values<O>, operands: positionals };
  };
  return {
    spec,
    help,
    parse,
    run: async (argv, body) => {
      const parsed = parse(argv);
      if (parsed !== null) return await body(parsed);
      process.stdout.write(`${help}\n`);
      return 0;
    },
    misused,
  };
}

type Given = string | boolean | (string | boolean)[] | undefined;

function textsOf(
  argv: readonly string[],
  { options, operands }: HelpedCommand,
): { values: Record<string, Given>; positionals: string[] } {
  const config = Object.entries(options).map(([name, option]) => [
    name,
    'value' in option
      ? { type: 'string' as const, multiple: option.multiple === true }
      : { type: 'boolean' as const },
  ]);
  try {
    return parseArgs({
      args: [...argv],
      options: Object.fromEntries(config) as Record<string, { type: 'string' | 'boolean' }>,
      allowPositionals: operands !== undefined,
    });
  } catch (error) {
    throw refusal(error as NodeJS.ErrnoException, options);
  }
}

/** Node's own advice, after the first sentence, fits no command here. */
function refusal({ code, message }: NodeJS.ErrnoException, options: Options): UsageError {
  const name = /--([\w-]+)/.exec(message)?.[1] ?? '';
  const option = options[name];
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && option && 'value' in option)
    return missing(name, option);
  const meant = didYouMean(
    `--${name}`,
    Object.keys(options).map((each) => `--${each}`),
  );
  return new UsageError(`${message.split(/\. |\n/)[0]}${meant}; see --help`);
}

function valueOf(name: string, option: Option, given: Given): unknown {
  if (!('value' in option)) return given === true;
  if (given === undefined) {
    if (option.required) throw missing(name, option);
    return option.default ?? (option.multiple ? [] : undefined);
  }
  return Array.isArray(given)
    ? given.map((each) => accepted(name, option, String(each)))
    : accepted(name, option, String(given));
}

function accepted(name: string, { is }: Valued<unknown>, given: string): unknown {
  const value = is.parse(given);
  if (value === undefined) throw new UsageError(`--${name} ${given}: expected ${is.expected}`);
  return value;
}

function missing(name: string, { is }: Valued<unknown>): UsageError {
  return new UsageError(`--${name}: nothing given, expected ${is.expected}`);
}
