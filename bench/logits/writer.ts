/**
 * The CPU worker of `npm run bench -- logits`: writes the shards named on standard input, one after
 * the other, and answers each with its CPU time so far.
 */
import { writeLogits } from '../../activities/write-logits';
import { FolderStore } from '../../storage/folder-store';
import type { WriteLogitsInput } from '../../workflows/contract/activities';

const store = new FolderStore(process.argv[2] ?? '');
let written = Promise.resolve();

process.on('message', (input: WriteLogitsInput) => {
  written = written.then(async () => {
    await writeLogits({ openStore: () => store, monotonicMs: () => performance.now() }, input);
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1000);
  });
});
process.on('disconnect', () => process.exit());
