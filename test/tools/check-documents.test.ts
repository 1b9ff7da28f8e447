import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/** Runs the check on a repository of these files; returns the faults that it prints. */
function faultsOf(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'ced-documents-'));
  try {
    for (const [path, text] of Object.entries({ 'package.json': '{"scripts":{}}', ...files })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(repositoryRoot, 'tools/check-documents.mjs')],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(status).toBe(stderr === '' ? 0 : 1);
    return stderr.split('\n').filter(Boolean);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the check of documents', () => {
  it('passes plain words and short lines', () => {
    expect(
      faultsOf({ 'README.md': 'A sound bank is rendered.\n', 'a.ts': 'sealCorpus(1);\n' }),
    ).toEqual([]);
  });

  it.each([
    [
      'a name',
      'a.ts',
      'const isShardHeard = true;\n',
      '"heard"; write decode, predict or onMessage',
    ],
    ['a comment', 'tools/a.mjs', '// Waits with patience.\n', '"patience"; write retry'],
    ['a test title', 'a.test.ts', "it('mends a shard', f);\n", '"mends"; write repair or fix'],
    [
      'a document',
      'README.md',
      'The copy is sound.\n',
      '"is sound"; write valid, verified or intact',
    ],
    ['a style sheet', 'page.css', '/* set aside */\n', '"set aside"; write quarantine'],
    ['a camelCase phrase', 'a.ts', 'setAside(key);\n', '"set aside"; write quarantine'],
    ['the name of a loop', 'a.ts', 'inOrder(keys);\n', '"inOrder"; write mapOrdered'],
    ['a stored field out of place', 'a.ts', 'const seal = 1;\n', '"seal"; write checksum'],
  ])('refuses a word of the old dialect in %s', (_, path, text, fault) => {
    expect(faultsOf({ [path]: text })).toEqual([expect.stringContaining(`${path}:1: ${fault}`)]);
  });

  it.each(['a.md', 'a.yaml', 'a.css', 'a.sh', 'a.mjs', '.ci/run', 'gpu.Dockerfile'])(
    'refuses a line of 101 columns in %s, which ESLint does not read',
    (path) => {
      expect(faultsOf({ [path]: `${'é'.repeat(100)}\n` })).toEqual([]);
      expect(faultsOf({ [path]: `${'é'.repeat(101)}\n` })).toEqual([
        `${path}:1: 101 columns, more than 100`,
      ]);
    },
  );

  it('takes table rows, addresses and digests of images of any length', () => {
    const text = `| ${'a'.repeat(100)} |\nhttps://example.org/${'a'.repeat(100)}\n`;
    const image = `FROM registry.example.org/${'a'.repeat(30)}:1@sha256:${'0'.repeat(64)}\n`;
    expect(faultsOf({ 'a.md': text, 'a.Dockerfile': image })).toEqual([]);
  });

  it('refuses links to missing files and scripts that do not exist', () => {
    expect(faultsOf({ 'a.md': '[b](b.md), `npm run c`\n' })).toEqual([
      'a.md: link to b.md, which does not exist',
      'a.md: npm run c, which is not a script',
    ]);
  });
});
