import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Cluster } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/**
 * What becomes of a CPU activity that waits for a server which does not answer; with real processes
 * on a real server.
 */
describe('an ingest whose audio does not arrive', () => {
  let cluster: Cluster;
  let server: Server;
  let address: string;
  /** Requests for audio that were taken and not answered. */
  let unanswered = 0;
  let answers = false;

  beforeAll(async () => {
    cluster = await Cluster.start();
    const { folder } = cluster;
    server = createServer((request, response) => {
      const bytes = readFileSync(join(folder, request.url ?? ''));
      if (request.method === 'HEAD') {
        response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' }).end();
      } else if (answers) response.writeHead(200, { etag: '"1"' }).end(bytes);
      else unanswered++;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await cluster?.stop();
  });

  const start = (name: string) => {
    const { folder } = cluster;
    const corpus = writeToneCorpus(folder, { train: 4, validation: 0, eval: 0 });
    const rows = readFileSync(join(folder, corpus.train), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { audio: string });
    const remote = rows.map((row) => JSON.stringify({ ...row, audio: `${address}/${row.audio}` }));
    writeFileSync(join(folder, 'remote.jsonl'), `${remote.join('\n')}\n`);
    const teacher = writeUntrainedTeacher(folder, corpus.vocabulary, 1);
    const student = {
      name: 'student',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 1,
      batchSize: 4,
    };
    const run = {
      name,
      store: `store-${name}`,
      corpus: { train: 'remote.jsonl', vocabulary: corpus.vocabulary },
      teachers: [teacher],
      logits: { views: 1, topK: 3, chunkSeconds: 1 },
      students: [student],
    };
    return cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [run],
    });
  };
  const worker = (): Promise<ChildProcess> =>
    cluster.worker('cpu', { options: ['--allow-private-hosts'] });
  const exit = async (child: ChildProcess): Promise<number | null> => {
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    return child.exitCode;
  };
  const stoppedActivities = (): number =>
    readFileSync(join(cluster.folder, 'worker-cpu.log'), 'utf8').split('activity stopped').length;

  it('is handed on by a worker that is told to go, at once, and finished by the next', async () => {
    const first = await worker();
    const handle = await start('handed-on');
    await until(() => Promise.resolve(unanswered > 0));
    first.kill('SIGTERM');
    // A worker that waited for its activity would be forced to end, with status 1.
    expect(await exit(first)).toBe(0);
    answers = true;
    await worker();
    await until(async () => {
      const status = await handle.query<{ stages: { name: string; state: string }[] }>('status');
      return status.stages.some(({ name, state }) => name === 'download' && state === 'done');
    });
    await handle.terminate();
  });

  it('is given up by its worker when its run is cancelled', async () => {
    answers = false;
    unanswered = 0;
    const handle = await start('cancelled');
    await until(() => Promise.resolve(unanswered > 0));
    const before = stoppedActivities();
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    // Told by the answer to its next heartbeat: waiting for the server is reported.
    await until(() => Promise.resolve(stoppedActivities() > before));
  });
});
