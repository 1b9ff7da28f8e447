/** A command's help text, from its table: usage, what it does, options with defaults, examples. */
import { asTypedHere } from '../package-root';
import { wrapText } from '../wrap-text';
import type { Option, Options } from './option';

export interface Operands {
  /** Each with what it means. */
  readonly rows: Readonly<Record<string, string>>;
  /** Completes the error message `PROGRAM: expected …`, e.g. `one store`. */
  readonly expected: string;
  readonly least: number;
  readonly most: number;
}

export interface HelpedCommand {
  /** As it is typed: `ced plan`, `npm start`. */
  readonly program: string;
  /** Behind the program, e.g. `RUN.json [options]`. */
  readonly usage: string;
  /** Paragraphs, in one line each. */
  readonly about: readonly string[];
  /** Positional arguments; a table without them accepts none. */
  readonly operands?: Operands;
  readonly options: Options;
  /** Complete commands. */
  readonly examples: readonly string[];
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
}

type Row = [name: string, meaning: string];

/** Names longer than this put their text on the next line. */
const WIDEST_NAME = 26;

export function helpText(command: HelpedCommand): string {
  const { operands, options, about, notes = [], examples } = command;
  const optionRows = Object.entries(options).map(([name, option]): Row => [
    `--${name}${'value' in option ? ` ${option.value}` : ''}`,
    `${option.help}${defaultOf(option)}`,
  ]);
  const tables: Row[][] = [
    Object.entries(operands?.rows ?? {}),
    [...optionRows, ['--help', 'print this text']],
  ];
  const lengths = tables.flat().map(([name]) => name.length);
  const width = Math.max(...lengths.filter((length) => length <= WIDEST_NAME));
  return [
    asTypedHere(`${withSeparator(command)} ${command.usage}`),
    ...about.map((paragraph) => wrapText(asTypedHere(paragraph))),
    ...tables
      .filter((rows) => rows.length > 0)
      .map((rows) => rows.map((row) => rowText(row, width)).join('\n')),
    `Examples:\n${examples.map((example) => `  ${asTypedHere(example)}`).join('\n')}`,
    ...notes.map((paragraph) => wrapText(asTypedHere(paragraph))),
  ].join('\n\n');
}

/** npm passes options on only behind a `--`. */
export function withSeparator({ program }: Pick<HelpedCommand, 'program'>): string {
  return program.startsWith('npm ') ? `${program} --` : program;
}

function defaultOf(option: Option): string {
  if (!('value' in option)) return '';
  const shown = option.shown ?? [option.default ?? ''].flat().join(',');
  return shown === '' ? '' : ` (default: ${shown})`;
}

function rowText([name, meaning]: Row, width: number): string {
  const indent = width + 4;
  const first = name.length > width ? `  ${name}\n${' '.repeat(indent)}` : '';
  const beside = first === '' ? `  ${name.padEnd(width)}  ` : first;
  return beside + wrapText(asTypedHere(meaning), indent);
}
