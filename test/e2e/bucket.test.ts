import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BucketStore } from '../../storage/buckets/bucket-store';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { ObjectCache } from '../../storage/object-cache';
import { openS3 } from '../../storage/s3/s3-client';
import { S3Store } from '../../storage/s3/s3-store';
import type { LocalServer } from '../../tools/local-server';
import { startS3 } from '../../tools/s3-server';
import { startStorage } from '../../tools/storage-emulator';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

/**
 * Corpus and store on `gs://` or `s3://`, each worker in an empty folder of its own: they share
 * nothing but the bucket.
 */
describe.each(['gs', 's3'])('a run whose corpus and store are on %s://', (scheme) => {
  let cluster: Cluster;
  let server: LocalServer;
  let store: BucketStore;
  let roots: Record<'cpu' | 'gpu', string>;

  /** What makes workers find the server. */
  let forWorkers: NodeJS.ProcessEnv;

  /** @returns what opens the bucket below a prefix */
  async function startService(): Promise<(prefix: string) => BucketStore> {
    const options = {
      port: 0,
      folder: join(cluster.folder, 'buckets'),
      log: join(cluster.folder, 'storage.log'),
    };
    const cache = new ObjectCache({ folder: join(cluster.folder, 'copies'), maxBytes: 1e9 });
    const place = { bucket: 'tones', cache };
    if (scheme === 's3') {
      const s3 = await startS3(options);
      [server, forWorkers] = [s3, s3.environment()];
      await s3.createBucket('tones');
      return (prefix) => new S3Store({ ...place, prefix, client: openS3(s3.environment()) });
    }
    const emulator = await startStorage(options);
    [server, forWorkers] = [emulator, { STORAGE_EMULATOR_HOST: emulator.endpoint }];
    await emulator.createBucket('tones');
    const client = openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint });
    return (prefix) => new GcsStore({ ...place, prefix, client });
  }

  beforeAll(async () => {
    cluster = await Cluster.start();
    const open = await startService();
    const local = join(cluster.folder, 'corpus');
    mkdirSync(local);
    writeToneCorpus(local, { train: 40, validation: 12, eval: 12 });
    for (const name of readdirSync(local, { recursive: true, encoding: 'utf8' }))
      if (name.includes('.')) await open('corpus').create(name, readFileSync(join(local, name)));
    store = open('runs');
    roots = { cpu: join(cluster.folder, 'cpu'), gpu: join(cluster.folder, 'gpu') };
    for (const queue of ['cpu', 'gpu'] as const) {
      mkdirSync(roots[queue]);
      const environment = {
        ...forWorkers,
        HOME: roots[queue],
        CED_CACHE: process.env['CED_CACHE'] ?? '',
      };
      await cluster.worker(queue, { root: roots[queue], environment });
    }
  });

  afterAll(async () => {
    await cluster?.stop();
    await server?.stop();
  });

  const at = (name: string): string => `${scheme}://tones/corpus/${name}`;
  const corpus = {
    train: at('train.jsonl'),
    validation: at('validation.jsonl'),
    eval: at('eval.jsonl'),
    vocabulary: at('vocabulary.csv'),
    clipsPerShard: 16,
  };
  const training = {
    model: { embedDim: 32, depth: 1, heads: 2 },
    epochs: 3,
    batchSize: 8,
    warmupSteps: 4,
    mixup: 0,
    checkpointSeconds: 0.2,
  };
  const run = async (type: string, input: { name: string }): Promise<RunResult> => {
    const args = [{ store: `${scheme}://tones/runs`, corpus, ...input }];
    return (await cluster.client.workflow.execute(type, {
      taskQueue: 'ced',
      workflowId: input.name,
      args,
    })) as RunResult;
  };

  it('teaches, distills and publishes there, and leaves only local copies here', async () => {
    const trained = await run('teach', {
      name: 'teach',
      chunkSeconds: 1,
      teachers: [{ name: 't', ...training }],
    } as { name: string });
    const [teacher] = trained.students;
    mkdirSync(join(roots.cpu, 'teacher'));
    for (const file of ['config.json', 'model.safetensors'])
      writeFileSync(
        join(roots.cpu, 'teacher', file),
        (await store.read(`models/${teacher?.sha256}/${file}`)) ?? '',
      );

    const distill = {
      name: 'distill',
      teachers: [{ name: 't', checkpoint: 'teacher', format: 'ced' }],
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: [{ name: 's', ...training }],
    };
    const result = await run('distill', distill);
    expect(result.logits).toMatchObject({ rows: 80, views: 2 });
    expect(result.students[0]).toMatchObject({ name: 's', bitExact: true });
    expect(await store.exists(`models/${result.students[0]?.sha256}/model.safetensors`)).toBe(true);
    expect(await store.list('runs/distill/')).toEqual(
      expect.arrayContaining(['runs/distill/report.html', 'runs/distill/result.json']),
    );
    expect(readdirSync(roots.gpu)).toEqual(['.cache']);
    expect(readdirSync(roots.cpu).filter((name) => name !== '.cache')).toEqual(['teacher']);
  });
});
