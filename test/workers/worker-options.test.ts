import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { parseWorkerOptions } from '../../workers/worker-options';

describe('the worker command', () => {
  it('takes its address from the option, then the environment, then loopback', () => {
    expect(
      parseWorkerOptions(['--queue', 'gpu', '--address', 'a:1'], { TEMPORAL_ADDRESS: 'b:2' })
        ?.address,
    ).toBe('a:1');
    expect(parseWorkerOptions(['--queue', 'gpu'], { TEMPORAL_ADDRESS: 'b:2' })?.address).toBe(
      'b:2',
    );
    expect(parseWorkerOptions(['--queue', 'gpu'], {})?.address).toBe('127.0.0.1:7233');
  });

  it('serves workflows with the cpu queue and nothing else with the gpu queue', () => {
    expect(parseWorkerOptions(['--queue', 'cpu'], {})?.queues).toEqual(['workflows', 'cpu']);
    expect(parseWorkerOptions(['--queue', 'gpu'], {})?.queues).toEqual(['gpu']);
  });

  it('takes the limits of its local copies and the project that pays', () => {
    const argv = [
      '--queue',
      'gpu',
      '--cache',
      '/big/disk',
      '--cache-gb',
      '1.5',
      '--user-project',
      'payer',
    ];
    expect(parseWorkerOptions(argv, {})?.storage).toEqual({
      cacheFolder: '/big/disk',
      cacheBytes: 1.5e9,
      userProject: 'payer',
    });
    expect(parseWorkerOptions(['--queue', 'gpu'], {})?.storage).toEqual({});
  });

  it('is reached by other workers at a private address alone, and at none by default', () => {
    const of = (argv: string[], environment: NodeJS.ProcessEnv) =>
      parseWorkerOptions(['--queue', 'gpu', ...argv], environment)?.peers;
    expect(of([], {})).toBeNull();
    for (const address of [
      '10.1.2.3',
      '100.64.3.4',
      '127.0.0.1',
      '169.254.1.1',
      '172.31.0.9',
      '192.168.0.2',
    ])
      expect(of(['--peers', address], {})).toBe(address);
    expect(of([], { CED_PEERS: '10.0.0.5' })).toBe('10.0.0.5');
    expect(of(['--peers', '10.0.0.6'], { CED_PEERS: '10.0.0.5' })).toBe('10.0.0.6');
    expect(() => of([], { CED_PEERS: '172.32.0.1' })).toThrow(/^CED_PEERS 172\.32\.0\.1: expected/);
  });

  it('takes the hub from the environment', () => {
    expect(
      parseWorkerOptions(['--queue', 'cpu'], { HF_ENDPOINT: 'https://mirror.example' })?.sources
        .hub,
    ).toBe('https://mirror.example');
  });

  it('takes the bounds of what ingest holds in memory', () => {
    const argv = [
      '--queue',
      'cpu',
      '--clips-at-once',
      '16',
      '--largest-shard',
      '0.5',
      '--longest-clip',
      '60',
      '--cpu-activities',
      '1',
    ];
    expect(parseWorkerOptions(argv, {})).toMatchObject({
      cpuActivities: 1,
      sources: { clipsAtOnce: 16, largestShardBytes: 5e8, longestClipSeconds: 60 },
    });
    expect(parseWorkerOptions(['--queue', 'cpu'], {})).toMatchObject({
      cpuActivities: 2,
      sources: { allowPrivateHosts: false },
    });
  });

  it.each([
    [['--queue', 'tpu'], /^--queue tpu: expected cpu, gpu or all$/],
    [[], /^--queue: nothing given, expected cpu, gpu or all$/],
    [['--queue', 'cpu', '--threads', '0'], /^--threads 0: expected a whole number above 0$/],
    [
      ['--queue', 'cpu', '--largest-shard', '2.2'],
      /^--largest-shard 2\.2: expected a number above 0 and at most 2\.147$/,
    ],
    [['--queue', 'cpu', '--cache-gb', 'much'], /^--cache-gb much: expected a number above 0$/],
    [
      ['--queue', 'cpu', '--clips-at-once', '0.5'],
      /^--clips-at-once 0\.5: expected a whole number above 0$/,
    ],
    [
      ['--queue', 'cpu', '--longest-clip', '0'],
      /^--longest-clip 0: expected a number of seconds above 0$/,
    ],
    [['--queue', 'cpu', '--log', 'xml'], /^--log xml: expected json or text$/],
    [
      ['--queue', 'cpu', '--metrics', '9464'],
      /^--metrics 9464: expected HOST:PORT, for example 127\.0\.0\.1:9464$/,
    ],
    [
      ['--queue', 'gpu', '--peers', '8.8.8.8'],
      /^--peers 8\.8\.8\.8: expected an IPv4 address of a private/,
    ],
    [['--queue', 'gpu', '--peers', '0.0.0.0'], /^--peers 0\.0\.0\.0: expected/],
    [['--queue', 'gpu', '--peers', 'host'], /^--peers host: expected/],
    [['--colour', 'blue'], /Unknown option '--colour'/],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => parseWorkerOptions(argv, {})).toThrow(message);
  });

  it('says in one line which server does not answer, and how to start one', () => {
    const worker = spawnSync(
      process.execPath,
      [join(repositoryRoot, 'dist/workers/main.js'), '--queue', 'cpu', '--address', '127.0.0.1:1'],
      { encoding: 'utf8' },
    );
    expect(worker.status).toBe(1);
    expect(worker.stderr).toContain(
      'worker: no Temporal server answers at 127.0.0.1:1; start one with `npm run server`, ' +
        'or name yours with --address',
    );
  });
});
