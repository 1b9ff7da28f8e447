import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');

describe('the picture of a run', () => {
  const svg = read('docs/pictures/demo-run.svg');
  const log = read('docs/pictures/demo-run.txt').trimEnd().split('\n');
  const shown = [...svg.matchAll(/<text class="([^"]*)"[^>]*>([^<]*)<\/text>/g)].map(
    ([, kinds = '', text = '']) => ({ isPast: kinds.includes('past'), text }),
  );

  it('is what npm run picture draws of the recorded run', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(repositoryRoot, 'tools/run-picture.mjs'), '--check'],
      { cwd: repositoryRoot, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('shows every line of the run, and at its end one of each stage and the table', () => {
    expect(shown).toHaveLength(log.filter((line) => line !== '').length);
    const last = shown.filter(({ isPast }) => !isPast).map(({ text }) => text);
    for (const stage of ['plan', 'download', 'gate', 'logits', 'distill', 'evaluate', 'publish'])
      expect(last.filter((text) => /^\w+ +\d+\/\d+ /.test(text) && text.startsWith(stage))).toEqual(
        [expect.stringContaining('  done in ')],
      );
    const table = log.slice(log.findIndex((line) => line.startsWith('model ')));
    expect(last.slice(-table.filter(Boolean).length)).toEqual(table.filter(Boolean));
  });

  it('needs no script and asks for nothing', () => {
    expect(svg).not.toMatch(/<script|href|url\(|@import|\son\w+=/);
    expect(svg.replace('http://www.w3.org/2000/svg', '').match(/<[^>]*https?:/)).toBeNull();
  });

  it('stands in the README', () => {
    expect(read('README.md')).toContain('(docs/pictures/demo-run.svg)');
  });
});
