/** `ced completion` in the shells themselves. One that this machine lacks is left out by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/**
 * Completes $LINE in a zsh with a terminal of its own, which `zle-line-init` says it reads, and
 * which ends with the completion.
 */
const DRIVE_ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source $FOLDER/rc'
zpty -r shell ignored '*READY*'
zpty -w -n shell "$LINE"$'\\t'
while zpty -r shell ignored; do :; done
`;

/** Writes each match to a file in place of the menu. */
const ZSH_RC = `
PROMPT=
fpath=($FOLDER $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
comppostfuncs=(exit)
compadd() {
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    print -l -- $hits >> $FOLDER/offered
  fi
  builtin compadd "$@"
}
zle-line-init() { print -n READY }
zle -N zle-line-init
`;

const CASES: [line: string, offered: string[]][] = [
  ['ced st', ['start', 'store']],
  ['ced help wo', ['worker']],
  ['ced tag --mo', ['--model']],
  ['ced tag --channels ', ['first', 'loudest', 'mix']],
  ['ced start --type re', ['retrain']],
  ['ced setup --p', ['--parts']],
  ['ced completion z', ['zsh']],
];

const isHere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

describe('the completion of ced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-shells-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, FOLDER: folder, HOME: folder, TERM: 'vt100' };

  function writeScript(shell: string, file: string): void {
    const ced = join(repositoryRoot, 'dist', 'cli', 'main.js');
    const script = execFileSync(process.execPath, [ced, 'completion', shell]);
    writeFileSync(join(folder, file), script);
  }

  (isHere('fish') ? it : it.skip)('works in fish', () => {
    writeScript('fish', 'ced.fish');
    const ask = 'source $FOLDER/ced.fish; complete -C "$LINE"';
    for (const [line, offered] of CASES) {
      const options = { encoding: 'utf8', env: { ...env, LINE: line } } as const;
      const printed = execFileSync('fish', ['--no-config', '-c', ask], options);
      const words = printed.split('\n').map((row) => row.split('\t')[0]!);
      expect([line, words.filter(Boolean).sort()]).toEqual([line, offered]);
    }
  });

  (isHere('zsh') ? it : it.skip)('works in zsh', () => {
    writeScript('zsh', '_ced');
    writeFileSync(join(folder, 'rc'), ZSH_RC);
    const found = join(folder, 'offered');
    for (const [line, offered] of CASES) {
      writeFileSync(found, '');
      execFileSync('zsh', ['-f', '-c', DRIVE_ZSH], { env: { ...env, LINE: line } });
      const words = new Set(readFileSync(found, 'utf8').split('\n'));
      expect([line, [...words].filter(Boolean).sort()]).toEqual([line, offered]);
    }
  });
});
