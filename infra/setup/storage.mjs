// Object storage of this machine's own, for tests, built from source with Go and pinned by go.mod
// and go.sum: a Google Cloud Storage, fake-gcs-server (90 s, once), which speaks the JSON API that
// the client library uses, and an S3 server, versitygw (2 minutes, once).
// tools/storage-emulator.ts and tools/s3-server.ts say what these do not do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, findOnPath, need } from './tools.mjs';

/** Returns the path of the `fake-gcs-server` program. */
export async function installStorageEmulator(root, report) {
  const onPath = findOnPath('fake-gcs-server');
  if (onPath !== null) return onPath;
  return await built(join(root, 'tools', 'storage'), report, {
    program: 'fake-gcs-server',
    version: '1.56.1',
    from: 'github.com/fsouza/fake-gcs-server',
    what: 'the storage emulator',
  });
}

/**
 * Returns the path of the `versitygw` program. One on the PATH is not used: earlier versions check
 * the condition of a write before its bytes arrive, so that two writers may create one object.
 */
export async function installS3Server(root, report) {
  return await built(join(root, 'tools', 's3-server'), report, {
    program: 'versitygw',
    version: '1.8.0',
    from: 'github.com/versity/versitygw/cmd/versitygw',
    what: 'the S3 server',
  });
}

/** @param module folder of go.mod and go.sum */
async function built(module, report, { program, version, from, what }) {
  const recipe = shortHash(
    version,
    readFileSync(join(module, 'go.mod')),
    readFileSync(join(module, 'go.sum')),
  );
  const entry = await cached(`${program}-${version}-${recipe}`, report, async (folder) => {
    need('go');
    report(`building ${what} from source with Go (1 to 2 minutes, once)`);
    const args = ['build', '-mod=readonly', '-ldflags=-s -w', '-o', join(folder, program), from];
    await execute(`Building ${what}`, 'go', args, {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  });
  return join(entry, program);
}
