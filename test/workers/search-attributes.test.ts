import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot, temporalBinary } from '../../infra/toolchain';
import { missingAttributes } from '../../workers/search-attributes';
import { Cluster } from '../support/cluster';

describe('a worker on a server without the search attributes', () => {
  let cluster: Cluster;
  beforeAll(async () => (cluster = await Cluster.start()), 60_000);
  afterAll(async () => cluster.stop());

  it('does not start, and says the command that registers them; after that it starts', async () => {
    await cluster.client.workflowService.registerNamespace({
      namespace: 'bare',
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const entry = join(repositoryRoot, 'dist/workers/main.js');
    const at = ['--address', cluster.address, '--namespace', 'bare', '--root', cluster.folder];
    const worker = spawn(process.execPath, [entry, '--queue', 'cpu', ...at]);
    let said = '';
    worker.stderr.on('data', (text: Buffer) => (said += text.toString()));
    expect((await once(worker, 'close'))[0]).not.toBe(0);
    expect(said).toContain(
      `namespace bare of ${cluster.address} lacks the search attributes CedStage, CedRun, ` +
        'CedStudent, CedEpoch, CedMap, so that runs would stall; register them: temporal',
    );
    const [, command = ''] = /register them: temporal (.*?--address [\d.:]+)/.exec(said) ?? [];
    const { status, stderr } = spawnSync(temporalBinary(), command.split(' '));
    expect([status, stderr.toString()]).toEqual([0, '']);
    await cluster.worker('cpu', { options: ['--namespace', 'bare'] });
  });
});

describe('search attributes', () => {
  const known = { CedStage: 2, CedRun: 2, CedStudent: 2, CedEpoch: 3, CedMap: 4 };

  it('are all there', () => {
    expect(missingAttributes(known, 'host:7233', 'default')).toBeNull();
  });

  it('that lack one, or have one of another type, are told', () => {
    const { CedMap: _map, ...fewer } = known;
    expect(missingAttributes(fewer, 'host:7233', 'default')).toBe(
      'namespace default of host:7233 lacks the search attributes CedMap, so that runs would ' +
        'stall; register them: temporal operator search-attribute create --name CedMap ' +
        '--type Double --namespace default --address host:7233',
    );
    expect(missingAttributes({ ...known, CedEpoch: 1 }, 'host:7233', 'default')).toMatch(
      /the search attribute CedEpoch of host:7233 is not of type Int/,
    );
  });
});
