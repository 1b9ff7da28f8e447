/** What a shell completes of a command, from the command's table. */
import type { HelpedCommand } from '../../infra/command-line/help-text';

export interface CompletedOption {
  readonly name: string;
  readonly help: string;
  /** What stands for its value in the help text; null = it takes none. */
  readonly value: string | null;
  /** All its values, where they can be listed; empty = complete file names. */
  readonly choices: readonly string[];
  readonly isRepeatable: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Operands that are words of the command, such as `du`; others are completed as file names. */
  readonly words: readonly string[];
  /** Whether it has other operands. */
  readonly takesFiles: boolean;
  readonly options: readonly CompletedOption[];
}

/** `du`, `bash|zsh|fish`, and the first of `create RUN-FILE`. */
const WORDS = /^[a-z]+(?:\|[a-z]+)*(?= |$)/;

const HELP: CompletedOption = {
  ...{ name: 'help', help: 'print the help text', value: null },
  ...{ choices: [], isRepeatable: false },
};

export function completedCommand(
  name: string,
  summary: string,
  { options, operands }: Pick<HelpedCommand, 'options' | 'operands'>,
): CompletedCommand {
  const rows = Object.keys(operands?.rows ?? {});
  const own = Object.entries(options).map(([option, table]): CompletedOption => {
    const isValued = 'value' in table;
    return {
      name: option,
      help: table.help,
      value: isValued ? table.value : null,
      choices: (isValued && table.is.choices) || [],
      isRepeatable: isValued && table.multiple === true,
    };
  });
  return {
    name,
    summary,
    words: rows.flatMap((row) => WORDS.exec(row)?.[0].split('|') ?? []),
    takesFiles: rows.some((row) => row !== WORDS.exec(row)?.[0]),
    options: [...own, HELP],
  };
}
