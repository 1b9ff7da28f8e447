import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands, programs } from '../../cli/commands';
import { repositoryRoot } from '../../infra/toolchain';
import { START_SPEC } from '../../cli/run/start-options';

const ced = join(repositoryRoot, 'dist', 'cli', 'main.js');

function script(shell: string): string {
  return execFileSync(process.execPath, [ced, 'completion', shell], { encoding: 'utf8' });
}

describe('ced completion', () => {
  const all = [...Object.keys(commands), ...Object.keys(programs)];
  const folder = mkdtempSync(join(tmpdir(), 'ced-completion-'));
  beforeAll(() => writeFileSync(join(folder, 'ced.bash'), script('bash')));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What bash offers for the last word. */
  function offered(...words: string[]): string[] {
    const typed = words.map((word) => `'${word}'`).join(' ');
    const lines = [
      `source ${join(folder, 'ced.bash')}`,
      `COMP_WORDS=(ced ${typed}) COMP_CWORD=${words.length}`,
      '_ced',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const printed = execFileSync('bash', ['-c', lines.join('\n')], { encoding: 'utf8' });
    return printed.split('\n').filter((word) => word !== '');
  }

  it('completes commands in bash, and behind help', () => {
    expect(offered('')).toEqual([...all].sort());
    expect(offered('st')).toEqual(['start', 'store']);
    expect(offered('help', 'wo')).toEqual(['worker']);
  });

  it('completes options, and the values of those that can be listed', () => {
    expect(offered('tag', '--mo')).toEqual(['--model']);
    expect(offered('tag', 'a.wav', '--channels', '')).toEqual(['mix', 'first', 'loudest']);
    expect(offered('start', '--type', 're')).toEqual(['retrain']);
    expect(offered('setup', '--p')).toEqual(['--parts']);
    expect(offered('start', '')).toEqual(
      [...Object.keys(START_SPEC.options), 'help'].map((name) => `--${name}`),
    );
  });

  it('completes the words of a command, and leaves file names to the shell', () => {
    expect(offered('store', '')).toEqual(['du', 'verify', 'gc']);
    expect(offered('store', 'du', '')).toEqual([]);
    expect(offered('tag', '')).toEqual([]);
    expect(offered('tag', '--model', '')).toEqual([]);
    expect(offered('completion', 'z')).toEqual(['zsh']);
  });

  it.each(['zsh', 'fish'])('names every command and option for %s', (shell) => {
    const text = script(shell);
    for (const name of all) expect(text).toMatch(new RegExp(`[ ']${name}[: )]`));
    for (const name of Object.keys(START_SPEC.options))
      expect(text).toContain(shell === 'zsh' ? `'--${name}[` : ` -l ${name} `);
    expect(text).toContain('distill retrain teach');
  });

  it('refuses another shell', () => {
    const { status, stderr } = spawnSync(process.execPath, [ced, 'completion', 'tcsh'], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toBe('error: ced completion tcsh: expected bash, zsh or fish\n');
  });
});
