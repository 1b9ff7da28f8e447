/** `npm run storage`: the storage emulator in the foreground, until Ctrl-C. */
import { join } from 'node:path';
import { runProgram } from '../cli/failure';
import { commandLine } from '../infra/command-line/command-line';
import { port, text } from '../infra/command-line/option';
import { repositoryRoot } from '../infra/toolchain';
import { startStorage } from './storage-emulator';

const line = commandLine({
  program: 'npm run storage',
  usage: '[options]',
  about: [
    'Starts a Google Cloud Storage emulator on 127.0.0.1, so that runs with gs:// stores and ' +
      'corpora can be tried without an account. Workers and commands use it when ' +
      'STORAGE_EMULATOR_HOST names it. The first start builds it from source with Go (1 to 2 ' +
      'minutes).',
  ],
  options: {
    port: { value: 'N', is: port, default: 4443, help: 'port to listen on' },
    folder: {
      value: 'DIR',
      is: text,
      default: join(repositoryRoot, '.ced', 'storage'),
      shown: '.ced/storage',
      help: 'folder for the objects',
    },
    memory: { help: 'keep objects in memory only' },
    bucket: {
      value: 'NAME',
      is: text,
      default: ['ced'],
      multiple: true,
      help: 'bucket to create; may be repeated',
    },
  },
  examples: ['npm run storage', 'npm run storage -- --memory --bucket ced --bucket champions'],
});

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values }) => {
      const storage = await startStorage({
        port: values.port,
        folder: values.memory ? null : values.folder,
        log: null,
      });
      for (const bucket of values.bucket) await storage.createBucket(bucket);
      const buckets = values.bucket.map((bucket) => `gs://${bucket}`).join(', ');
      console.log(
        `Storage emulator with ${buckets}. Use it with STORAGE_EMULATOR_HOST=` +
          `${storage.endpoint}. Ctrl-C stops it.`,
      );
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.once(signal, () => void storage.stop());
      await storage.ended;
      return 0;
    }),
);
