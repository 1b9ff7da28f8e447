import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCorpus } from '../../examples/game-sounds/build/corpus';
import { debFile, type PinnedPackage } from '../../examples/game-sounds/build/deb-file';
import { unpackSounds } from '../../examples/game-sounds/build/packages';
import { SPLITS } from '../../examples/game-sounds/build/recipe';

const CONTENT = 'the package';
const FILE = 'horns_1.0-2_all.deb';
const horns: PinnedPackage = {
  name: 'horns',
  version: '1.0-2',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  pool: 'pool/main/h/horns',
};

let folder: string;
let downloads: string;
const { PATH } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-sound-packages-'));
  downloads = join(folder, 'downloads');
  process.env.PATH = `${join(folder, 'bin')}:${PATH}`;
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

/** A program of this name in front of the real one; it also counts its calls. */
function program(name: string, script: string): void {
  const file = join(folder, 'bin', name);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho called >> '${folder}/calls'\n${script}\n`);
  chmodSync(file, 0o755);
}
const calls = (): number =>
  existsSync(join(folder, 'calls'))
    ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length
    : 0;

const download = async (): Promise<string> => await debFile(horns, { given: null, downloads });
const errorOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => 'none',
    (error: unknown) => String(error),
  );

describe('a package of game sounds', () => {
  it('is downloaded once, and again in place of a part of it', async () => {
    program('apt-get', `printf '${CONTENT}' > ${FILE}`);
    expect(readFileSync(await download(), 'utf8')).toBe(CONTENT);
    await download();
    expect(calls()).toBe(1);
    writeFileSync(join(downloads, FILE), CONTENT.slice(0, 4));
    expect(readFileSync(await download(), 'utf8')).toBe(CONTENT);
    expect(calls()).toBe(2);
  });

  it('that no mirror has any more is named, with the places that do', async () => {
    program('apt-get', `echo "E: Version '1.0-2' for 'horns' was not found" >&2; exit 100`);
    const error = await errorOf(download());
    expect(error).toContain("horns=1.0-2 failed: E: Version '1.0-2' for 'horns' was not found");
    expect(error).toContain('apt-get update');
    expect(error).toMatch(
      /horns_1\.0-2_all\.deb from pool\/main\/h\/horns\/.*snapshot\.debian\.org/,
    );
    expect(error).toContain('--packages');
  });

  it('is not blamed where the network is missing', async () => {
    program('apt-get', `echo "E: Failed to fetch http://x/  Could not resolve 'x'" >&2; exit 100`);
    const error = await errorOf(download());
    expect(error).toContain('Could not resolve');
    expect(error).toContain('with network, the same command goes on');
    expect(error).not.toContain('apt-get update');
  });

  it('with other content is removed and named', async () => {
    program('apt-get', `printf other > ${FILE}`);
    expect(await errorOf(download())).toMatch(
      new RegExp(`${FILE}: SHA-256 [0-9a-f]{64}, expected ${horns.sha256}`),
    );
    expect(existsSync(join(downloads, FILE))).toBe(false);
  });

  it('that the user gives is checked, and left where it is', async () => {
    const place = { given: folder, downloads };
    expect(await errorOf(debFile(horns, place))).toContain(`${FILE} does not exist`);
    writeFileSync(join(folder, FILE), 'half');
    expect(await errorOf(debFile(horns, place))).toMatch(/incomplete or another build/);
    expect(existsSync(join(folder, FILE))).toBe(true);
    writeFileSync(join(folder, FILE), CONTENT);
    expect(await debFile(horns, place)).toBe(join(folder, FILE));
  });

  it('that cannot be unpacked says why, in the words of the program that failed', async () => {
    program('apt-get', `printf '${CONTENT}' > ${FILE}`);
    program('dpkg-deb', 'printf data');
    program(
      'tar',
      'cat > /dev/null; echo "tar: x: Cannot write: No space left on device" >&2; exit 2',
    );
    const sounds = { ...horns, licence: 'CC0-1.0', members: './*' };
    const unpacked = join(folder, 'unpacked');
    const error = await errorOf(unpackSounds(sounds, unpacked, { given: null, downloads }));
    expect(error).toContain(`${FILE} into ${unpacked} failed: tar: x: Cannot write`);
    expect(existsSync(join(downloads, FILE))).toBe(true);
  });
});

it.each([
  "E: You don't have enough free space in /x.",
  'E: Failed to fetch http://x/  Error writing to file - write (28: No space left on device)',
])('a disk that is full is named, with the space that a build takes: %s', async (said) => {
  program('apt-get', `echo "${said}" >&2; exit 100`);
  const corpus = join(folder, 'corpus');
  const error = await errorOf(
    buildCorpus(corpus, { splits: SPLITS, packages: null, say: () => undefined }),
  );
  expect(error).toMatch(/corpus: no space is left on its disk\. A build takes up to \d GB there/);
  expect(error).toContain('the same command goes on');
  expect(error).toContain(said);
  expect(error).not.toContain('cannot be reached');
});
