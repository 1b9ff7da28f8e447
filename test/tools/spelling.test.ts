import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/** Words that the check of spelling refuses in a document of this text. */
function misspelt(text: string): string[] {
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(repositoryRoot, 'node_modules/cspell/bin.mjs'),
      ...['lint', '--no-progress', '--no-summary', '--words-only', 'stdin://docs/a.md'],
    ],
    { cwd: repositoryRoot, input: text, encoding: 'utf8' },
  );
  return stdout.split('\n').filter(Boolean);
}

describe('the spelling of documents', () => {
  it('is checked in prose, with the names and terms of tools/words.txt, and not in code', () => {
    expect(
      misspelt(
        'A studdent lerns the colours of logits from mels.\n\n' +
          '    npx ced mispelt\n\nIts `fieldd` is in [a file](filee.md).\n',
      ),
    ).toEqual(['studdent', 'lerns']);
  });
});
