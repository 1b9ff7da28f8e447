// The Temporal CLI with its development server: the one on the PATH, else the SDK's own download,
// else built from source with Go (4 to 7 minutes, once). The source build is pinned by
// infra/temporal/go.mod and go.sum; 1.5.1 is the newest release that builds as a dependency.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, findOnPath, need, SetupError } from './tools.mjs';

const cliVersion = '1.5.1';
const downloadLimitMs = 180_000;

/** Returns the path of the `temporal` program. */
export async function installTemporal(root, report) {
  const onPath = findOnPath('temporal');
  if (onPath !== null) return onPath;
  const module = join(root, 'infra', 'temporal');
  const recipe = shortHash(
    cliVersion,
    readFileSync(join(module, 'go.mod')),
    readFileSync(join(module, 'go.sum')),
  );
  const entry = await cached(`temporal-${cliVersion}-${recipe}`, report, async (folder) => {
    report('looking for a Temporal server to download');
    if (!(await downloadWithSdk(root, folder))) await buildWithGo(module, folder, report);
    if (spawnSync(join(folder, 'temporal'), ['--version'], { stdio: 'ignore' }).status !== 0)
      throw new SetupError(
        'the Temporal CLI does not run on this machine; put a working `temporal` on the PATH',
      );
  });
  return join(entry, 'temporal');
}

/**
 * The SDK's testing package downloads the CLI when asked for a local server; false where the
 * download is not reachable.
 */
async function downloadWithSdk(root, folder) {
  const downloads = join(folder, 'downloads');
  const script = `
    const { TestWorkflowEnvironment } = require('@temporalio/testing');
    const executable = { type: 'cached-download', downloadDir: process.argv[1] };
    TestWorkflowEnvironment.createLocal({ server: { executable } })
      .then((environment) => environment.teardown());`;
  try {
    mkdirSync(downloads);
    await execute('Downloading the Temporal CLI', process.execPath, ['-e', script, downloads], {
      cwd: root,
      timeout: downloadLimitMs,
    });
    renameSync(join(downloads, readdirSync(downloads)[0] ?? ''), join(folder, 'temporal'));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

async function buildWithGo(module, folder, report) {
  need('go');
  report('building the Temporal server from source with Go (4 to 7 minutes, once)');
  const version = `-s -w -X github.com/temporalio/cli/temporalcli.Version=${cliVersion}`;
  const args = [
    'build',
    '-mod=readonly',
    `-ldflags=${version}`,
    '-o',
    join(folder, 'temporal'),
    'github.com/temporalio/cli/cmd/temporal',
  ];
  await execute('Building the Temporal server', 'go', args, {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: '0' },
  });
}
