// Node packages of one part of set-up alone. A clone has them from `npm ci`. An installed package
// need not have them: few of its users do, the install script of one would download a TensorFlow
// library of 2022, and that of another fails without nuget.org. Here they are downloaded by npm,
// compared with the hash of this project's lock file, and unpacked beside the code. No script of
// theirs runs.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, need, SetupError } from './tools.mjs';

/** By part of set-up: name, version and SHA-512 as in package-lock.json. */
export const partPackages = JSON.parse(
  readFileSync(new URL('part-packages.json', import.meta.url), 'utf8'),
);

/**
 * Leaves packages alone that are there already.
 * @param root folder of the code, which has them in its `node_modules` afterwards
 */
export async function installPartPackages(root, part, report) {
  for (const wanted of partPackages[part]) {
    const folder = join(root, 'node_modules', wanted.name);
    if (isPackage(folder) || (part === 'onnx' && isPackage(join(dirname(root), wanted.name))))
      continue;
    const unpacked = await cachedPackage(wanted, report);
    rmSync(folder, { recursive: true, force: true });
    cpSync(unpacked, folder, { recursive: true, filter: isForThisMachine });
  }
}

function isPackage(folder) {
  return existsSync(join(folder, 'package.json'));
}

/** onnxruntime-node has its library for every platform. */
function isForThisMachine(path) {
  const [, system, processor = process.arch] =
    /\/bin\/napi-v\d+\/(linux|darwin|win32)(?:\/(\w+))?/.exec(path) ?? [];
  return (system ?? process.platform) === process.platform && processor === process.arch;
}

/** The folder of a package in the cache, downloaded by npm and compared with its hash. */
export async function cachedPackage({ name, version, integrity }, report) {
  const entry = `node-package-${name.replace(/\W/g, '-')}-${version}-${shortHash(integrity)}`;
  const folder = await cached(entry, report, async (temporary) => {
    need('npm');
    need('tar');
    report(`downloading the Node package ${name} ${version}`);
    const downloads = join(temporary, 'downloads');
    mkdirSync(downloads);
    const args = ['pack', `${name}@${version}`, '--ignore-scripts', '--loglevel=error'];
    await execute(`Downloading ${name}`, 'npm', args, { cwd: downloads });
    const file = join(downloads, readdirSync(downloads)[0]);
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity)
      throw new SetupError(`${name} ${version} is not what was expected: it has ${found}`);
    await execute(`Unpacking ${name}`, 'tar', ['-xzf', file, '-C', temporary]);
    rmSync(downloads, { recursive: true });
  });
  return join(folder, 'package');
}
