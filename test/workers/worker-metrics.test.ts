import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepPace } from '../../jobs/train/pace';
import { parseGpuMemory, readGpuMemory } from '../../workers/gpu-memory';
import { parseWorkerOptions } from '../../workers/worker-options';

describe('memory of GPUs', () => {
  it('is read from the driver’s tool in bytes, one GPU a line', async () => {
    expect(parseGpuMemory('0, 1234\n1, 0\n')).toEqual([
      { gpu: '0', bytes: 1234 * 2 ** 20 },
      { gpu: '1', bytes: 0 },
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'smi-'));
    const program = join(folder, 'nvidia-smi');
    writeFileSync(program, '#!/bin/sh\necho "0, 7"\n');
    chmodSync(program, 0o755);
    expect(await readGpuMemory(program)).toEqual([{ gpu: '0', bytes: 7 * 2 ** 20 }]);
    rmSync(folder, { recursive: true });
  });

  it('is nothing where there is no such tool, or it has nothing to say', async () => {
    expect(await readGpuMemory('/nowhere/nvidia-smi')).toEqual([]);
    expect(parseGpuMemory('No devices were found\n')).toEqual([]);
  });
});

describe('the pace of a training', () => {
  it('is that of its last twenty steps', () => {
    const pace = new StepPace();
    pace.add({ dataMs: 900, totalMs: 1000, rows: 8 });
    for (let step = 0; step < 19; step++) pace.add({ dataMs: 5, totalMs: 50, rows: 8 });
    expect(pace.add({ dataMs: 5, totalMs: 50, rows: 8 })).toEqual({
      clipsPerSecond: 160,
      stepMs: 50,
      dataWaitShare: 0.1,
    });
  });
});

describe('where a worker’s metrics are served', () => {
  const metricsOf = (...args: string[]): string | null | undefined =>
    parseWorkerOptions(['--queue', 'cpu', ...args], {})?.metrics;

  it('is nowhere unless asked for', () => {
    expect([
      metricsOf(),
      metricsOf('--metrics', '127.0.0.1:9464'),
      metricsOf('--metrics', '[::1]:0'),
    ]).toEqual([null, '127.0.0.1:9464', '[::1]:0']);
  });

  it.each(['9464', 'localhost', 'localhost:x', '127.0.0.1:99999'])(
    'is refused as %s',
    (address) => {
      expect(() => metricsOf('--metrics', address)).toThrow(
        `--metrics ${address}: expected HOST:PORT`,
      );
    },
  );
});
