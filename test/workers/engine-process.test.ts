import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { EngineLost, EngineStopped, type EngineJob } from '../../jobs/engine-jobs';
import { Standstills } from '../../jobs/process/standstills';
import { EngineProcess } from '../../workers/engine-process';
import { isAlive } from '../support/cluster';

/**
 * In place of the engine: a process that does with a job what its plan key says, and says by which
 * process it was done and how many jobs that process had at once.
 */
const SCRIPT = `
  const atWork = new Map();
  const send = (message) => process.send(message);
  send({ type: 'ready', device: 'cpu' });
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ type, id, job }) => {
    if (type === 'stop' && atWork.get(id) === 'stoppable')
      send({ type: 'failed', id, error: { name: 'EngineStopped', message: '', stack: null } });
    if (type !== 'run') return;
    const script = job.input.planKey;
    atWork.set(id, script);
    const progress = { unit: 'clips', done: 1, total: 1, perSecond: 1, etaSeconds: 0 };
    send({ type: 'progress', id, progress, memoryBytes: 1 });
    if (script === 'exiting') process.exit(3);
    if (script !== 'finishing') return;
    send({ type: 'done', id, result: { pid: process.pid, jobs: atWork.size } });
    atWork.delete(id);
  });
`;

type Script = 'finishing' | 'stoppable' | 'exiting' | 'hanging';

function jobThatIs(script: Script, store = ''): EngineJob {
  const model = { name: 'model', sha256: 'a', parameters: 1 };
  return {
    kind: 'score',
    input: {
      ...{ store, planKey: script, split: 'eval', model, chunkSeconds: 1 },
      precision: 'float32',
    },
  };
}

describe("the engine's process", () => {
  let folder: string;
  let engine: EngineProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-scripted-'));
    const entry = join(folder, 'engine.cjs');
    writeFileSync(entry, SCRIPT);
    engine = new EngineProcess({ entry, root: folder, threads: 1, stopGraceMs: 100 });
  });
  afterEach(async () => {
    await engine.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A job at work: its process, and how it ends. */
  const begin = async (
    script: Script,
    atWork: (stop: () => void, pid: number) => void = () => undefined,
    store = '',
  ): Promise<unknown> => {
    const stopping = new AbortController();
    return await engine.run(jobThatIs(script, store), {
      signal: stopping.signal,
      onProgress: () => atWork(() => stopping.abort(), engine.pid ?? NaN),
    });
  };

  it('runs job after job', async () => {
    const first = await begin('finishing');
    expect(first).toEqual({ pid: engine.pid, jobs: 1 });
    expect(await begin('finishing')).toEqual(first);
  });

  it('is ended by its worker when it is stopped while a group waits for it', async () => {
    const standstills = new Standstills(200, () => 0);
    const entry = join(folder, 'engine.cjs');
    const watched = new EngineProcess({ entry, root: folder, threads: 1, standstills });
    const group = { onStart: () => undefined, onMessage: () => undefined };
    const lost = watched.run(jobThatIs('hanging'), {
      signal: new AbortController().signal,
      onProgress: () => process.kill(watched.pid ?? NaN, 'SIGSTOP'),
      group,
    });
    await expect(lost).rejects.toThrow(/was stopped \(SIGSTOP\)/);
    await watched.end();
  });

  it('is gone when a job is reported as stopped', async () => {
    let pid = NaN;
    const stopped = begin('stoppable', (stop, own) => ((pid = own), stop()));
    await expect(stopped).rejects.toBeInstanceOf(EngineStopped);
    expect(pid).toBeGreaterThan(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('fails no later job when it was stopped, and shares the GPU with no other', async () => {
    const pids = new Set<number>();
    for (let round = 0; round < 5; round++) {
      await expect(
        begin('stoppable', (stop, pid) => (pids.add(pid), stop())),
      ).rejects.toBeInstanceOf(EngineStopped);
      expect(await begin('finishing')).toEqual({ pid: engine.pid, jobs: 1 });
      for (const pid of pids) if (pid !== engine.pid) expect(isAlive(pid)).toBe(false);
    }
    expect(pids.size).toBe(5);
  });

  it('is killed when a job outlasts its grace period, and the job is lost', async () => {
    let pid = NaN;
    const lost = begin('hanging', (stop, own) => ((pid = own), stop()));
    await expect(lost).rejects.toBeInstanceOf(EngineLost);
    expect(isAlive(pid)).toBe(false);
    expect(await begin('finishing')).toEqual({ pid: engine.pid, jobs: 1 });
  });

  it('is replaced when it ends by itself or is killed', async () => {
    await expect(begin('exiting')).rejects.toThrow(/exit status 3/);
    await expect(begin('hanging', (_stop, pid) => process.kill(pid, 'SIGKILL'))).rejects.toThrow(
      /SIGKILL/,
    );
    expect(await begin('finishing')).toEqual({ pid: engine.pid, jobs: 1 });
  });

  it('is started when the one before it has exited, not when that one was killed', async () => {
    await begin('finishing');
    const before = engine.pid ?? NaN;
    // Another environment needs another process.
    const next = begin('finishing', undefined, 'gs://bucket/store');
    expect(engine.pid).toBeNull();
    while (engine.pid === null) await immediate();
    expect(isAlive(before)).toBe(false);
    expect(await next).toEqual({ pid: engine.pid, jobs: 1 });
  });

  it('is given one job at a time', async () => {
    const first = begin('hanging', (stop) => stop());
    await expect(begin('finishing')).rejects.toThrow(/one job at a time/);
    await expect(first).rejects.toBeInstanceOf(EngineLost);
  });

  it('says where it computes, and takes the next job', async () => {
    expect(await engine.device()).toBe('cpu');
    const { pid } = engine;
    expect(await begin('finishing')).toEqual({ pid, jobs: 1 });
  });

  it('takes no job on the CPU if it is to compute on a GPU only', async () => {
    const entry = join(folder, 'engine.cjs');
    engine = new EngineProcess({ entry, root: folder, threads: 1, gpuOnly: true });
    await expect(begin('finishing')).rejects.toThrow(
      new EngineLost('the engine found no GPU; this worker does not compute on the CPU'),
    );
    expect(engine.pid).toBeNull();
  });

  it('says why it has no device when it ends before it is ready', async () => {
    const entry = join(folder, 'ending.cjs');
    writeFileSync(entry, 'process.exit(3);');
    engine = new EngineProcess({ entry, root: folder, threads: 1 });
    await expect(engine.device()).rejects.toThrow(/exit status 3/);
  });

  it('starts no process for a job that is cancelled already', async () => {
    const cancelled = { signal: AbortSignal.abort(), onProgress: () => undefined };
    await expect(engine.run(jobThatIs('finishing'), cancelled)).rejects.toBeInstanceOf(
      EngineStopped,
    );
    expect(engine.pid).toBeNull();
  });
});
