/** Our side of `npm run bench -- logits`: hears a whole shard for every line on standard input, as a worker's engine would, and answers with its times. */
import { createInterface } from 'node:readline';
import type { JobContext } from '../../activities/job-context';
import { logitsJob } from '../../activities/logits/logits-job';
import { MappedModel } from '../../activities/mapped-model';
import { FolderStore } from '../../activities/storage/folder-store';
import { openObjectCache } from '../../activities/storage/open-store';
import { openEngine } from '../../ced/engine/engine';
import type { LogitsInput } from '../../workflows/contract/activities';

async function main({ folder, input }: { folder: string; input: LogitsInput }): Promise<void> {
  const store = new FolderStore(folder);
  const engine = openEngine();
  const loaded = new Map<string, Promise<MappedModel>>();
  const context: JobContext = {
    store,
    engine,
    cache: openObjectCache({}),
    monotonicMs: () => performance.now(),
    onProgress: () => undefined,
    commit: () => Promise.reject(new Error('nothing is trained here')),
    onEpoch: () => undefined,
    breathe: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary) => {
      const model = loaded.get(sha256) ?? MappedModel.load(store, engine, sha256, precision, vocabulary);
      loaded.set(sha256, model);
      return model;
    },
  };
  // Another seed is another key: nothing is found that was there.
  let { seed } = input.settings;
  const hear = async (): Promise<void> => {
    const { reused } = await logitsJob(context, { ...input, settings: { ...input.settings, seed: seed++ } });
    if (reused) throw new Error('the shard was there already');
  };
  await hear();
  process.stdout.write('ready\n');
  for await (const _ of createInterface({ input: process.stdin })) {
    const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
    await hear();
    const ms = performance.now() - before;
    const { user, system } = process.cpuUsage(cpuBefore);
    process.stdout.write(`${JSON.stringify({ ms, cpuMs: (user + system) / 1000 })}\n`);
  }
}

main(JSON.parse(process.argv[2] ?? '') as { folder: string; input: LogitsInput }).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
