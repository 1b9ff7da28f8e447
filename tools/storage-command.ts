/** `npm run storage`: the storage emulator in the foreground, until Ctrl-C. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStorage } from './storage-emulator';
import { repositoryRoot } from '../infra/toolchain';

const help = `npm run storage [-- options]

Starts a Google Cloud Storage emulator on 127.0.0.1, so that runs with gs:// stores and corpora can be tried without an account.
Workers and commands use it when STORAGE_EMULATOR_HOST names it. Built from source with Go on the first start (1 to 2 minutes).

  --port N         port (default 4443)
  --folder DIR     where objects are kept (default .ced/storage)
  --memory         keep objects in memory only
  --bucket NAME    bucket to create; may be repeated (default: ced)
  --help           this text`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      port: { type: 'string', default: '4443' },
      folder: { type: 'string', default: join(repositoryRoot, '.ced', 'storage') },
      memory: { type: 'boolean', default: false },
      bucket: { type: 'string', multiple: true, default: ['ced'] },
    },
  });
  if (values.help) return console.log(help);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--port ${values.port}: expected a port between 1 and 65535`);
  const storage = await startStorage({
    port,
    folder: values.memory ? null : values.folder,
    log: null,
  });
  for (const bucket of values.bucket) await storage.createBucket(bucket);
  const places = values.bucket.map((bucket) => `gs://${bucket}`).join(', ');
  console.log(
    `Storage emulator with ${places}. Use it with STORAGE_EMULATOR_HOST=${storage.endpoint}. Ctrl-C stops it.`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void storage.stop());
  await storage.ended;
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
