import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openGcs } from '../../storage/gcs/gcs-client';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { Hosts, noHostsBecause, type Host } from '../support/hosts';
import { writeToneCorpus } from '../support/tone-corpus';

const leftOut = noHostsBecause();
if (leftOut !== null)
  console.warn(`left out: two hosts against one server and one bucket (${leftOut})`);

(leftOut === null ? describe : describe.skip)('two hosts, one server, one bucket', () => {
  let hosts: Hosts;
  let cluster: Cluster;
  let emulator: StorageEmulator;
  /** Where the CPU worker's relative paths start. */
  let cpuRoot: string;
  let readObject: (key: string) => Promise<Buffer>;
  const gpu: { host: Host; worker: ChildProcess }[] = [];

  beforeAll(async () => {
    hosts = Hosts.create();
    cluster = await Cluster.start();
    const server = await hosts.relay(Number(cluster.address.split(':')[1]));
    emulator = await startStorage({
      host: hosts.ip,
      port: 0,
      folder: join(cluster.folder, 'buckets'),
      log: null,
    });
    await emulator.createBucket('tones');
    const client = openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint });
    readObject = async (key) => (await client.bucket('tones').file(`runs/${key}`).download())[0];
    const local = join(cluster.folder, 'corpus');
    mkdirSync(local);
    writeToneCorpus(local, { train: 240, validation: 12, eval: 12 });
    for (const name of readdirSync(local, { recursive: true, encoding: 'utf8' }))
      if (name.includes('.'))
        await client
          .bucket('tones')
          .upload(join(local, name), { destination: `corpus/${name}`, resumable: false });
    for (const queue of ['cpu', 'gpu', 'gpu'] as const) {
      const host = hosts.add();
      const root = join(cluster.folder, host.name);
      mkdirSync(root);
      const environment = {
        STORAGE_EMULATOR_HOST: emulator.endpoint,
        HOME: root,
        CED_CACHE: process.env['CED_CACHE'] ?? '',
      };
      const worker = await cluster.worker(queue, { root, environment, host, address: server });
      if (queue === 'cpu') cpuRoot = root;
      if (queue === 'gpu') gpu.push({ host, worker });
    }
  });

  afterAll(async () => {
    await cluster?.stop();
    await emulator?.stop();
    hosts?.remove();
  });

  const at = (name: string): string => `gs://tones/corpus/${name}`;
  const common = {
    store: 'gs://tones/runs',
    corpus: {
      train: at('train.jsonl'),
      validation: at('validation.jsonl'),
      eval: at('eval.jsonl'),
      vocabulary: at('vocabulary.csv'),
      clipsPerShard: 20,
    },
  };
  const training = {
    model: { embedDim: 32, depth: 1, heads: 2 },
    epochs: 2,
    batchSize: 8,
    warmupSteps: 4,
    mixup: 0,
    checkpointSeconds: 0.2,
  };

  /** Host names of the workers that took up activities of a type. */
  async function whereRan(workflowId: string, type: string): Promise<string[]> {
    const { events } = await cluster.client.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = new Set<string>();
    const names: string[] = [];
    for (const event of events ?? []) {
      if (event.activityTaskScheduledEventAttributes?.activityType?.name === type)
        scheduled.add(String(event.eventId));
      const started = event.activityTaskStartedEventAttributes;
      if (started && scheduled.has(String(started.scheduledEventId)))
        names.push(started.identity?.split('@')[1] ?? '');
    }
    return names;
  }

  it('share the shards of a run, and one goes on alone when the other is killed', async () => {
    const teach = {
      name: 'teach',
      chunkSeconds: 1,
      teachers: [{ name: 't', ...training }],
      ...common,
    };
    const trained = (await cluster.client.workflow.execute('teach', {
      taskQueue: 'ced',
      workflowId: 'teach',
      args: [teach],
    })) as RunResult;
    mkdirSync(join(cpuRoot, 'teacher'));
    for (const file of ['config.json', 'model.safetensors'])
      writeFileSync(
        join(cpuRoot, 'teacher', file),
        await readObject(`models/${trained.students[0]?.sha256}/${file}`),
      );
    const run = {
      name: 'distill',
      teachers: [{ name: 't', checkpoint: 'teacher', format: 'ced' }],
      logits: { views: 40, topK: 3, chunkSeconds: 1 },
      students: [{ name: 's', ...training }],
      ...common,
    };
    const handle = await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: 'distill',
      args: [run],
    });
    const names = gpu.map(({ host }) => host.name);
    const spread = until(
      async () => new Set(await whereRan('distill', 'computeLogits')).size === 2,
    );
    await Promise.race([spread, handle.result()]);
    await kill(gpu[0]!.worker);
    const result = (await handle.result()) as RunResult;

    expect(result.logits).toMatchObject({ rows: 240 * 40, views: 40 });
    expect(result.students[0]).toMatchObject({ name: 's', bitExact: true });
    expect([...new Set(await whereRan('distill', 'computeLogits'))].sort()).toEqual(
      [...names].sort(),
    );
    expect(await whereRan('distill', 'trainModel')).toEqual([names[1]]);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100);
}
