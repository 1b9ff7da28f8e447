/** Commands over a whole store, by the objects in it: shards of two clips. */
import { findGarbage } from '../../cli/store/store-garbage';
import { readStoreUnits } from '../../cli/store/store-units';
import { verifyStore } from '../../cli/store/store-verification';
import { growthCorpus } from './corpus';
import { decades, type Subject } from './subject';

const filled = async (folder: string, shards: number) =>
  (await growthCorpus(folder, { clips: 2 * shards, clipsPerShard: 2 })).context.store;

export const storeSubjects: readonly Subject[] = [
  {
    ...{ name: 'verify', per: 'shards', sizes: decades(3) },
    prepare: async (shards, folder) => {
      const store = await filled(folder, shards);
      return async () => await verifyStore(store);
    },
  },
  {
    ...{ name: 'gc', per: 'shards', sizes: decades(3) },
    prepare: async (shards, folder) => {
      const store = await filled(folder, shards);
      return async () =>
        await findGarbage(store, await readStoreUnits(store), { nowMs: Date.now(), minAgeMs: 0 });
    },
  },
];
