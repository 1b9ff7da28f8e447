import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOrigin } from '../../activities/plan/run-origin';
import { startOrResume } from '../../cli/run/conduct-run';
import { teachRunSchema } from '../../workflows/contract/run-file';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';

describe('workers that were just started on a new server', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
    await Promise.all([cluster.worker('cpu'), cluster.worker('gpu')]);
  });
  afterAll(async () => cluster?.stop());

  // A server that is short of time has errors of its own.
  it('do not ask for a deployment or a version that the server lacks, an error in its log', () => {
    const lines = readFileSync(join(cluster.folder, 'server.log'), 'utf8').split('\n');
    const asked = /level=ERROR msg="deployment client error" error="[^"]*not found"/;
    expect(lines.filter((line) => asked.test(line))).toEqual([]);
  });

  it('say which queues of which server and namespace they serve, and from which root', () => {
    const { address, folder } = cluster;
    const place = `at ${address}, namespace default, root ${folder}`;
    const said = cluster.ready.join('');
    expect(said).toContain(`worker ready: ced, ced-cpu ${place}`);
    expect(said).toContain(`worker ready: ced-gpu ${place}`);
  });

  it('refuse a run that was started in another root with other files, by their names', async () => {
    const client = realpathSync(mkdtempSync(join(tmpdir(), 'ced-other-root-')));
    const clips = { train: 6, validation: 6, eval: 6 };
    writeToneCorpus(cluster.folder, clips);
    const { train, eval: evaluation, vocabulary } = writeToneCorpus(client, { ...clips, train: 7 });
    const run = {
      ...{ name: 'foreign', store: 'store', chunkSeconds: 1 },
      corpus: { train, eval: evaluation, vocabulary },
      teachers: [{ name: 'small', model: 'tiny', epochs: 1 }],
    };
    mkdirSync(join(client, 'runs'));
    writeFileSync(join(client, 'runs/foreign.json'), JSON.stringify(run));
    const command = {
      ...{ type: 'teach' as const, workflowId: 'foreign', address: cluster.address },
      inputFile: join(client, 'runs/foreign.json'),
      origin: await describeOrigin(teachRunSchema.parse(run), client),
    };
    await startOrResume(cluster.client, command, () => undefined);
    const failure = await cluster.client.workflow
      .getHandle('foreign')
      .result()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      cause: {
        cause: {
          type: 'RunFileInvalid',
          message: expect.stringContaining(
            `corpus.train: ${train} is another file in ${realpathSync(cluster.folder)}, the root ` +
              `of the worker, than in ${client}, where the run was started. Stop that worker ` +
              `and start one with --root ${client}`,
          ),
        },
      },
    });
    rmSync(client, { recursive: true });
  });
});
