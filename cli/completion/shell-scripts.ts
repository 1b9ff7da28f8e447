/**
 * Completion scripts of `ced` for bash, zsh and fish. Where nothing of ours fits, the shell
 * completes file names. Pure.
 */
import type { CompletedCommand, CompletedOption } from './completed-command';

type Script = (commands: readonly CompletedCommand[]) => string;

export const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', Script>> = { bash, zsh, fish };

/** https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, words, takesFiles, options }) => {
    const valued = options.filter(({ value }) => value !== null);
    const values = valued.map(
      (option) => `        --${option.name}) words=${quoted(option.choices.join(' '))} ;;`,
    );
    const all = [...words, ...options.map((option) => `--${option.name}`)];
    const first =
      words.length === 0 ? '' : ` ((COMP_CWORD != 2)) || words=${quoted(words.join(' '))};`;
    // Nothing is typed yet: a file is what most commands take.
    const untyped = takesFiles ? `; [[ -n $word ]] || { words=;${first} }` : '';
    return [
      `    ${name})`,
      '      case $before in',
      ...values,
      `        *) words=${quoted(all.join(' '))}${untyped} ;;`,
      '      esac ;;',
    ].join('\n');
  });
  const names = quoted(commands.map(({ name }) => name).join(' '));
  return `# ced for bash
_ced() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)) || [[ \${COMP_WORDS[1]} == help ]]; then
    words=${names}
  else
    case \${COMP_WORDS[1]} in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _ced ced
`;
}

/** https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, words, options }) => {
    const operands = words.length > 0 ? `1:word:(${words.join(' ')})` : null;
    const specs = [...options.map(zshOption), ...(operands ? [operands] : []), '*:file:_files'];
    return `    ${name}) _arguments ${specs.map(quoted).join(' \\\n      ')} ;;`;
  });
  return `#compdef ced
_ced() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)) || [[ $words[2] == help ]]; then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _ced ]]; then _ced "$@"; else compdef _ced ced; fi
`;
}

function zshOption({ name, help, value, choices, isRepeatable }: CompletedOption): string {
  const text = firstClause(help).replace(/[[\]\\]/g, '\\$&');
  const action = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
  const argument = value === null ? '' : `:${value.replaceAll(':', '\\:')}:${action}`;
  return `${isRepeatable ? '*' : ''}--${name}[${text}]${argument}`;
}

/** https://fishshell.com/docs/current/completions.html */
function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, words, options }) => {
    const seen = `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c ced -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...words.map((word) => `complete -c ced -n ${quoted(seen)} -a ${word}`),
      ...options.map((option) => {
        const { choices, value } = option;
        const own = choices.length > 0 ? `-x -a ${quoted(choices.join(' '))}` : '-r -F';
        const argument = value === null ? '' : ` ${own}`;
        const help = quoted(firstClause(option.help));
        return `complete -c ced -n ${quoted(seen)} -l ${option.name}${argument} -d ${help}`;
      }),
    ];
  });
  const names = quoted(commands.map(({ name }) => name).join(' '));
  const help = `complete -c ced -n '__fish_seen_subcommand_from help' -f -a ${names}`;
  return `# ced for fish\n${[...lines, help].join('\n')}\n`;
}

/** Help texts are sentences; a menu has room for their beginning. */
function firstClause(help: string): string {
  return help.split(/[;:.,] /)[0]!.replace(/\s+/g, ' ');
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
