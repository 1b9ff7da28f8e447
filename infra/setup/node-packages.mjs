// Node packages: `npm ci` when the installed packages differ from the lock file. A package that is
// installed has no lock file: npm installed what it needs with it. npm records the
// installed packages in node_modules/.package-lock.json; comparing with that record avoids `npm ci`
// after a user's `npm install`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortHash } from './cache.mjs';
import { withLock } from './lock.mjs';
import { execute, need } from './tools.mjs';

export async function installNodePackages(root, report) {
  const stamp = join(root, 'node_modules', '.ced-lock');
  const lockFile = join(root, 'package-lock.json');
  if (!existsSync(lockFile)) return;
  const wanted = shortHash(readFileSync(lockFile));
  if (textOf(stamp) === wanted) return;
  await withLock(join(root, '.ced', 'npm.lock'), report, async () => {
    if (textOf(stamp) === wanted) return;
    if (!isInstalled(root, lockFile)) {
      need('npm');
      report('installing Node packages (npm ci)');
      await execute(
        'Installing Node packages',
        'npm',
        ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
        { cwd: root },
      );
    }
    writeFileSync(stamp, wanted);
  });
}

function isInstalled(root, lockFile) {
  const record = textOf(join(root, 'node_modules', '.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  return Object.entries(JSON.parse(readFileSync(lockFile, 'utf8')).packages).every(
    ([path, { version, optional }]) =>
      path === '' ||
      (installed[path]?.version === version && existsSync(join(root, path))) ||
      (optional && installed[path] === undefined),
  );
}

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
