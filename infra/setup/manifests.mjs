// A checker of the container, compose and Kubernetes files of infra/, for tests: built from source
// with Go (about 2 minutes, once) and pinned by tools/manifests/go.mod and go.sum. It needs neither
// a cluster nor a container engine.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, need } from './tools.mjs';

/** Returns the path of the program. */
export async function installManifestCheck(root, report) {
  const module = join(root, 'tools', 'manifests');
  const recipe = shortHash(...readdirSync(module).map((name) => readFileSync(join(module, name))));
  const entry = await cached(`manifest-check-${recipe}`, report, async (folder) => {
    need('go');
    report('building the checker of Kubernetes and compose files with Go (about 2 minutes, once)');
    const args = ['build', '-mod=readonly', '-ldflags=-s -w', '-o', join(folder, 'check'), '.'];
    await execute('Building the checker of manifests', 'go', args, {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  });
  return join(entry, 'check');
}
