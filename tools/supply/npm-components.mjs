// The Node packages of the lock file, by `npm sbom`, whose form differs between versions of npm: a
// package that lies in several folders comes once or several times. Here each is listed once, with
// the fields that both have. Versions differ in the scope too, which is that of the lock file here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../../infra/setup/tools.mjs';

/** @param root folder of package.json and package-lock.json; no package is read */
export async function npmComponents(root) {
  const command = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'];
  let text = '';
  await execute('Listing Node packages', 'npm', [...command, '--loglevel=error'], {
    cwd: root,
    onOutput: (part) => (text += part),
  });
  const required = requiredPackages(root);
  const found = new Map();
  for (const { type, name, version, licenses, hashes, purl } of JSON.parse(text).components) {
    const scope = required.has(`${name}@${version}`) ? 'required' : 'optional';
    found.set(purl, { type, name, version, scope, licenses, hashes, purl });
  }
  return [...found.values()];
}

/** `name@version` of those that a worker has. */
function requiredPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  // set-up adds them where npm did not (infra/setup/part-packages.mjs)
  const { peerDependencies, optionalDependencies } = packages[''];
  const added = Object.keys({ ...peerDependencies, ...optionalDependencies });
  const required = new Set();
  for (const [path, { name: alias, version, dev, optional, devOptional }] of Object.entries(
    packages,
  )) {
    const name = alias ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (added.includes(name) || !(dev || optional || devOptional))
      required.add(`${name}@${version}`);
  }
  return required;
}
