import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

interface Finding {
  ruleId: string;
  line: number;
  message: string;
}

/** Runs the lint of prose with these options; returns its exit status and what it finds. */
function lint(options: string[], input = ''): { status: number | null; findings: Finding[] } {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(repositoryRoot, 'node_modules/textlint/bin/textlint.js'), '--format', 'json', ...options],
    { cwd: repositoryRoot, input, encoding: 'utf8' },
  );
  const files = JSON.parse(stdout) as { messages: Finding[] }[];
  return { status, findings: files.flatMap(({ messages }) => messages) };
}

const ofText = (text: string) => lint(['--stdin', '--stdin-filename', 'docs/a.md'], text);

describe('the prose of documents', () => {
  it('is refused for doubled, wordy and empty words, misspelt names and long sentences', () => {
    const long = 'It reads a table and then it writes a shard and then it goes on, '.repeat(5);
    const { status, findings } = ofText(
      `The the store is very large.\n\nIn\norder to train, Tensorflow is needed.\n\n${long}.\n`,
    );
    expect(status).toBe(1);
    expect(findings.map(({ ruleId, line }) => `${line} ${ruleId}`)).toEqual([
      '1 write-good',
      '1 terminology',
      '3 terminology',
      '4 terminology',
      '6 sentence-length',
    ]);
  });

  it('passes plain sentences, and what stands in code', () => {
    expect(
      ofText('The front end runs in TensorFlow.\n\n    the the very\n\nSee `in order to`.\n'),
    ).toEqual({ status: 0, findings: [] });
  });

  it('is checked by npm run docs:check', () => {
    const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['docs:check']).toContain("textlint --ignore-path .gitignore '**/*.md'");
  });
});
