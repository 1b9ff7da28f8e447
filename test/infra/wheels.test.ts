import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { SetupClone } from '../support/setup-clone';

interface PinnedWheel {
  name: string;
  demanded: string;
  version: string;
  sha256: string;
}

/** Python: writes a wheel that pip takes. argv: folder, file name, package, version */
const WRITE_WHEEL = `
import sys, zipfile
folder, name, package, version = sys.argv[1:]
info = '%s-%s.dist-info/' % (package.replace('-', '_'), version)
with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:
    wheel.writestr('nvidia/planted.so', 'planted')
    wheel.writestr(info + 'METADATA',
                   'Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n' % (package, version))
    wheel.writestr(info + 'WHEEL',
                   'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', '')
`;

/** Python: exits with 1 unless each version is in its range. argv: range version … */
const CHECK_RANGES = `
import sys
from pip._vendor.packaging.specifiers import SpecifierSet
pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
wrong = [pair for pair in pairs if pair[1] not in SpecifierSet(pair[0])]
sys.exit(str(wrong) if wrong or len(pairs) != 12 else 0)
`;

describe('the wheels of set-up', () => {
  let folder: string;
  let index: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-wheels-'));
    index = join(folder, 'index');
    mkdirSync(index);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The only place where pip finds packages. */
  const fromIndex = (): Record<string, string> => ({
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: index,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  });
  const plant = (file: string, name: string, version: string): void =>
    void execFileSync('python3', ['-c', WRITE_WHEEL, index, file, name, version]);

  /** Runs statements that may use the exports of nvidia-wheels.mjs as `m`; returns the output. */
  const withNvidia = (statements: string): string => {
    const module = JSON.stringify(join(repositoryRoot, 'infra/setup/nvidia-wheels.mjs'));
    const script = `import(${module}).then(async (m) => { ${statements} })
      .catch((error) => console.log(error.message))`;
    const env = { ...process.env, ...fromIndex() };
    return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env }).stdout.trim();
  };
  const pinned = (): PinnedWheel[] =>
    JSON.parse(withNvidia('console.log(JSON.stringify(m.nvidiaWheels))')) as PinnedWheel[];
  const install = (demanded: string): string =>
    withNvidia(`
      const [folder, demanded] = [${JSON.stringify(folder)}, ${demanded}];
      await m.installNvidiaLibraries(demanded, folder, folder, () => undefined);
      console.log('installed');`);

  it('pin each of the twelve of NVIDIA, within the range that TensorFlow demands', () => {
    const wheels = pinned();
    for (const { sha256 } of wheels) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const ranges = wheels.flatMap(({ demanded, version }) => [demanded, version]);
    expect(
      spawnSync('python3', ['-c', CHECK_RANGES, ...ranges], { encoding: 'utf8' }),
    ).toMatchObject({ status: 0, stderr: '' });
  });

  it('are refused with another hash, and nothing of them is unpacked', () => {
    const [first] = pinned();
    const { name, version, sha256 } = first!;
    plant(
      `${name.replaceAll('-', '_')}-${version}-py3-none-manylinux2014_x86_64.whl`,
      name,
      version,
    );
    expect(install('m.nvidiaWheels.map(({ name, demanded }) => name + demanded)')).toMatch(
      new RegExp(
        `^the ${name} wheel has SHA-256 [0-9a-f]{64}, expected ${sha256}: the package index ` +
          'served another file$',
      ),
    );
    expect(readdirSync(folder)).toEqual(['index']);
  });

  it('are refused in the version that the index has instead', () => {
    const [first] = pinned();
    const name = first!.name;
    plant(
      `${name.replaceAll('-', '_')}-12.99.0-py3-none-manylinux2014_x86_64.whl`,
      name,
      '12.99.0',
    );
    expect(install('m.nvidiaWheels.map(({ name, demanded }) => name + demanded)')).toMatch(
      new RegExp(`^Downloading ${name} failed`),
    );
  });

  it('are the ones that TensorFlow demands, or none is downloaded', () => {
    const demanded = `m.nvidiaWheels.map(({ name, demanded }) => name + demanded)
      .with(0, 'nvidia-cublas-cu13>=13')`;
    expect(install(demanded)).toBe(
      "TensorFlow's wheel and infra/setup/nvidia-wheels.mjs differ in nvidia-cublas-cu13>=13, " +
        'nvidia-cublas-cu12<13.0,>=12.5.3.2',
    );
  });

  it.each([
    ['linux-x64, cpu', 'tensorflow-cpu', 'manylinux_2_27_x86_64', ['--cpu']],
    ['linux-x64, gpu', 'tensorflow', 'manylinux_2_27_x86_64', ['--gpu', '--allow-cpu']],
    ['linux-arm64, cpu', 'tensorflow', 'manylinux_2_27_aarch64', ['--cpu']],
    ['darwin-arm64, cpu', 'tensorflow', 'macosx_12_0_arm64', ['--cpu']],
  ])("include TensorFlow's own: npm run setup refuses another (%s)", (on, name, tag, options) => {
    plant(`${name.replace('-', '_')}-2.21.0-cp313-cp313-${tag}.whl`, name, '2.21.0');
    const clone = new SetupClone();
    try {
      const { status, stderr } = clone.setUp([...options, '--parts', 'tensorflow', '--quiet'], {
        ...fromIndex(),
        PATH: `${clone.bin}:${process.env['PATH']}`,
        NODE_OPTIONS: `--require ${clone.takeFor(on.split(',')[0]!)}`,
      });
      expect(stderr).toMatch(new RegExp(`error: the ${name} wheel has SHA-256 .*, expected `));
      expect(status).toBe(1);
      expect(clone.cacheEntries()).toEqual([]);
    } finally {
      clone.remove();
    }
  });

  it.each([
    [
      'linux-riscv64',
      ['--cpu'],
      /fetched for linux-x64, linux-arm64, darwin-arm64, this is linux-/,
    ],
    ['linux-arm64', ['--gpu', '--allow-cpu'], /has no library for GPUs on linux-arm64: .* --cpu$/],
  ])('are not looked for where there are none (%s)', (on, options, message) => {
    const clone = new SetupClone();
    try {
      const { status, stderr } = clone.setUp([...options, '--parts', 'tensorflow', '--quiet'], {
        ...fromIndex(),
        PATH: `${clone.bin}:${process.env['PATH']}`,
        NODE_OPTIONS: `--require ${clone.takeFor(on)}`,
      });
      expect(stderr.trim()).toMatch(message);
      expect(status).toBe(1);
      expect(clone.cacheEntries()).toEqual([]);
    } finally {
      clone.remove();
    }
  });
});
