// A Google Cloud Storage of this machine's own, fake-gcs-server: built from source with Go (90 s,
// once), pinned by tools/storage/go.mod and go.sum. It speaks the JSON API that the client library
// uses; see tools/storage-emulator.ts for what it does not do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, findOnPath, need } from './tools.mjs';

const program = 'fake-gcs-server';
const version = '1.56.1';

/** Returns the path of the `fake-gcs-server` program. */
export async function installStorageEmulator(root, report) {
  const onPath = findOnPath(program);
  if (onPath !== null) return onPath;
  const module = join(root, 'tools', 'storage');
  const recipe = shortHash(
    version,
    readFileSync(join(module, 'go.mod')),
    readFileSync(join(module, 'go.sum')),
  );
  const entry = await cached(`${program}-${version}-${recipe}`, report, async (folder) => {
    need('go');
    report('building the storage emulator from source with Go (1 to 2 minutes, once)');
    const args = [
      'build',
      '-mod=readonly',
      '-ldflags=-s -w',
      '-o',
      join(folder, program),
      'github.com/fsouza/fake-gcs-server',
    ];
    await execute('Building the storage emulator', 'go', args, {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  });
  return join(entry, program);
}
