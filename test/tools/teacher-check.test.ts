import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { startS3 } from '../../tools/s3-server';
import { startStorage } from '../../tools/storage-emulator';
import { Cluster, kill } from '../support/cluster';
import { REFERENCE_CLASSES } from '../support/teacher-worker-files';
import { documentedOutput } from '../support/documented-output';

interface Checked {
  status: number | null;
  output: string;
}

/** Runs `npm run teacher-check`'s program against workers of the reference teacher. */
describe('the check of a teacher worker', () => {
  let cluster: Cluster;
  let classes: string;
  const workers: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    classes = join(cluster.folder, 'classes.csv');
    const rows = REFERENCE_CLASSES.map(
      ({ mid, name }, index) => `${index},${mid},"${name.replaceAll('"', '""')}"\n`,
    );
    writeFileSync(classes, `index,mid,display_name\n${rows.join('')}`);
  });
  afterAll(async () => {
    await Promise.all(workers.map(kill));
    await cluster?.stop();
  });

  /** Of workers and checks; filled where they use buckets. */
  let buckets: Record<string, string> = {};
  afterEach(() => (buckets = {}));

  const startWorker = (taskQueue: string, fault = ''): void => {
    const entry = join(repositoryRoot, 'dist/test/support/reference-worker.js');
    const args = [cluster.address, taskQueue, cluster.folder, classes, '50', fault];
    const env = { ...process.env, ...buckets };
    workers.push(spawn(process.execPath, [entry, ...args], { stdio: 'ignore', env }));
  };

  const check = async (taskQueue: string, ...options: string[]): Promise<Checked> => {
    const program = join(repositoryRoot, 'dist/tools/teacher-check/main.js');
    const args = ['--task-queue', taskQueue, '--address', cluster.address, ...options];
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...buckets },
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, output };
  };

  const failedChecks = (output: string): string[] =>
    [...output.matchAll(/^failed {2}(.+?): /gm)].map(([, name]) => name!);

  it('passes the reference teacher, and leaves only its class list in the store', async () => {
    startWorker('reference');
    const store = join(cluster.folder, 'checked');
    const { status, output } = await check('reference', '--store', store);
    expect(failedChecks(output)).toEqual([]);
    expect([...output.matchAll(/^passed {2}(.+?): /gm)].map(([, name]) => name)).toEqual([
      ...['describe', 'classes', 'predict', 'parts', 'shift', 'batch', 'reuse'],
      ...['version', 'weights', 'damaged audio', 'damaged rows', 'contract'],
      ...['heartbeat', 'cancel'],
    ]);
    expect(output).toMatch(/^14 passed, 0 failed$/m);
    expect(status).toBe(0);
    const left = readdirSync(store, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}\.json$/),
    ]);
  });

  it('keeps what failed checks wrote when asked, and says where', async () => {
    startWorker('kept', 'nan');
    const store = join(cluster.folder, 'kept');
    const { status } = await check('kept', '--store', store, '--keep');
    expect(status).toBe(1);
    const left = readdirSync(store, { recursive: true, encoding: 'utf8' });
    expect(left).toContainEqual(expect.stringMatching(/^teacher-check\/[^/]+\/first\.rows\.npy$/));
  });

  it('passes it in buckets, and leaves only its class list there', async () => {
    const folders = { s3: join(cluster.folder, 's3'), gs: join(cluster.folder, 'gs') };
    const s3 = await startS3({ port: 0, folder: folders.s3, log: null });
    const gcs = await startStorage({ port: 0, folder: folders.gs, log: null });
    try {
      await Promise.all([s3.createBucket('checks'), gcs.createBucket('checks')]);
      const own = join(cluster.folder, 'copies');
      const places = { STORAGE_EMULATOR_HOST: gcs.endpoint, CED_OBJECT_CACHE: own };
      buckets = { ...places, ...s3.environment() };
      startWorker('bucket');
      for (const scheme of ['gs', 's3'] as const) {
        const { status, output } = await check('bucket', '--store', `${scheme}://checks/teacher`);
        expect(failedChecks(output)).toEqual([]);
        expect(output).toMatch(/^14 passed, 0 failed$/m);
        expect(status).toBe(0);
        const left = readdirSync(join(folders[scheme], 'checks'), { recursive: true });
        const classLists = /^teacher\/teachers\/classes\/[0-9a-f]{64}\.json$/;
        expect(left.filter((path) => /\.(npy|json)$/.test(String(path)))).toEqual([
          expect.stringMatching(classLists),
        ]);
      }
    } finally {
      await Promise.all([s3.stop(), gcs.stop()]);
    }
  });

  it('names the shift where a teacher ignores it', async () => {
    startWorker('unshifted', 'unshifted');
    const { status, output } = await check('unshifted');
    expect(failedChecks(output)).toEqual(['shift']);
    expect(output).toMatch(
      /^failed {2}shift: clip \d by \d+ samples and the clip that is already/m,
    );
    expect(output).toMatch(/ differ by 0\.\d+ in class \d, at most 0\.001 is expected$/m);
    expect(status).toBe(1);
  });

  it('names the row of outputs that are no numbers, also as JSON', async () => {
    startWorker('nan', 'nan');
    const { status, output } = await check('nan', '--json');
    const { passed, checks } = documentedOutput<{
      passed: boolean;
      checks: { name: string; passed: boolean; why: string }[];
    }>('teacher-check', output);
    expect(passed).toBe(false);
    expect(checks.filter((one) => !one.passed)).toEqual([
      {
        name: 'predict',
        passed: false,
        why: 'reference: made shard: row 0: its output 0 is NaN',
      },
    ]);
    expect(status).toBe(1);
  });

  it('fails where no worker answers in time', async () => {
    const { status, output } = await check('nobody', '--limit', '1');
    expect(output).toMatch(
      /^failed {2}describe: describeTeacher: no answer from task queue nobody within 1 s/,
    );
    expect(output).toMatch(/\n0 passed, 1 failed\n$/);
    expect(status).toBe(1);
  });
});
