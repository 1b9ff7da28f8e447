/** Tables and their clips: planning and ingest. */
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { FolderStore } from '../../storage/folder-store';
import { planClips } from '../logits/shard';
import { growthCorpus } from './corpus';
import { decades, type Subject } from './subject';

const CLIPS_PER_SHARD = 100;

/** The clips lie in `folder` then, and their table beside them. */
async function written(folder: string, clips: number, seconds = 1) {
  await growthCorpus(folder, { clips, seconds });
  const root = join(folder, 'corpus');
  return localDependencies(root, new FolderStore(join(root, 'again')));
}

async function ingest(folder: string, clips: number, seconds?: number) {
  const deps = await written(folder, clips, seconds);
  const planKey = await planClips(deps, CLIPS_PER_SHARD, 1);
  return async () => {
    for (let shard = 0; shard < Math.ceil(clips / CLIPS_PER_SHARD); shard++)
      await ingestShard(deps, { store: '', planKey, split: 'train', shard }, () => undefined);
  };
}

export const tableSubjects: readonly Subject[] = [
  {
    ...{ name: 'plan', per: 'clips', sizes: decades(30) },
    prepare: async (clips, folder) => {
      const deps = await written(folder, clips);
      return async () => await planClips(deps, CLIPS_PER_SHARD, 1);
    },
  },
  {
    ...{ name: 'ingest', per: 'clips', sizes: decades(30), isDoneOnce: true },
    prepare: async (clips, folder) => await ingest(folder, clips),
  },
  {
    ...{ name: 'ingest', per: 'seconds', sizes: [1, 6, 60], isDoneOnce: true },
    prepare: async (seconds, folder) => await ingest(folder, 20, seconds),
  },
];
