// The Node packages of the lock file, by `npm sbom`, whose form differs between versions of npm: a
// package that lies in several folders comes once or several times. Here each is listed once, with
// the fields that both have.
import { execute } from '../../infra/setup/tools.mjs';

/** @param root folder of package.json and package-lock.json; no package is read */
export async function npmComponents(root) {
  const command = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'];
  let text = '';
  await execute('Listing Node packages', 'npm', [...command, '--loglevel=error'], {
    cwd: root,
    onOutput: (part) => (text += part),
  });
  const found = new Map();
  for (const { type, name, version, scope, licenses, hashes, purl } of JSON.parse(text)
    .components) {
    const known = found.get(purl);
    if (known?.scope === 'required') continue;
    const component = { type, name, version, scope, licenses, hashes, purl };
    if (known === undefined || scope === 'required') found.set(purl, component);
  }
  return [...found.values()];
}
