import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineJob } from '../../jobs/engine-jobs';
import { EngineProcess } from '../../workers/engine-process';
import { describeExit } from '../../workers/engine-exit';

const training = {
  kind: 'train',
  input: { store: '', settings: { name: 'mini' } },
} as unknown as EngineJob;

const exit = { code: null, signal: 'SIGKILL', outOfMemory: true, peakBytes: 0, job: training };

describe('the end of an engine process', () => {
  it.each([
    ['train', { settings: { name: 'mini' } }, /trained mini.*raise parts.*of mini/],
    ['logits', { shard: 3 }, /computed logits of shard 3.*lower corpus\.clipsPerShard/],
    [
      'score',
      { model: { name: 'base' }, split: 'eval' },
      /scored base on eval.*lower chunkSeconds/,
    ],
    ['compare', { challenger: { name: 'tiny' } }, /compared tiny with the champion/],
  ])('for want of memory names the job and what to lower: %s', (kind, input, expected) => {
    const job = { kind, input } as unknown as EngineJob;
    const text = describeExit({ ...exit, job, peakBytes: 3 * 2 ** 30 });
    expect(text).toMatch(expected);
    expect(text).toMatch(/memory ran out \(it held 3\.0 GiB of \d+\.\d GiB\)/);
    expect(text).not.toContain('\n');
  });

  it('by an abort says that memory may be the cause', () => {
    for (const how of [
      { signal: 'SIGABRT', code: null },
      { signal: null, code: 134 },
    ])
      expect(describeExit({ ...exit, ...how, outOfMemory: false })).toMatch(
        /as when memory cannot be allocated/,
      );
  });

  it('of another kind blames nothing', () => {
    expect(describeExit({ ...exit, outOfMemory: false })).toBe(
      "the engine's process ended (SIGKILL)",
    );
    expect(describeExit({ ...exit, signal: null, code: 1 })).toBe(
      "the engine's process ended (exit status 1)",
    );
    expect(describeExit({ ...exit, job: null })).toBe("the engine's process ended (SIGKILL)");
  });
});

it('a job whose tensor cannot be allocated is lost, and so is what its process holds', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-engine-allocation-'));
  const entry = join(folder, 'engine.cjs');
  const message = 'OOM when allocating tensor with shape[9,9] by allocator GPU_0_bfc\n\tdetails';
  writeFileSync(
    entry,
    `process.on('message', ({ type, id }) => {
       const error = { name: 'Error', message: ${JSON.stringify(message)}, stack: null };
       if (type === 'run') process.send({ type: 'failed', id, error });
     });`,
  );
  const engine = new EngineProcess({ entry, root: folder, threads: 1 });
  const watch = { signal: new AbortController().signal, onProgress: () => undefined };
  const error = await engine.run(training, watch).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'EngineLost',
    message: expect.stringMatching(
      /out of memory while it trained mini .*GiB.*raise parts.*GPU_0_bfc$/,
    ) as string,
  });
  expect(engine.pid).toBeNull();
  await engine.end();
  rmSync(folder, { recursive: true });
});

/** Where this machine lets a test make a memory cgroup: by version 1 or 2, as root. */
function memoryCgroup(limitBytes: number): string | null {
  for (const [parent, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const folder = join(parent, `ced-test-${process.pid}`);
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, limit), String(limitBytes));
      return folder;
    } catch {
      continue;
    }
  }
  return null;
}

const cgroup = memoryCgroup(128 * 2 ** 20);
afterAll(() => void (cgroup && rmdirSync(cgroup)));
if (cgroup === null)
  console.warn('left out: an engine killed for memory, because no memory cgroup can be made here');

(cgroup === null ? it.skip : it)(
  'an engine that the kernel kills for want of memory is reported as that',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-engine-memory-'));
    const entry = join(folder, 'engine.cjs');
    writeFileSync(
      entry,
      `const { appendFileSync } = require('node:fs');
       process.on('message', ({ type, id }) => {
         if (type !== 'run') return;
         const progress = { unit: 'steps', done: 1, total: 2, perSecond: 1, etaSeconds: 1 };
         process.send({ type: 'progress', id, progress, memoryBytes: 64 * 2 ** 20 }, () => {
           appendFileSync('${cgroup}/cgroup.procs', String(process.pid));
           const held = [];
           for (;;) held.push(Buffer.alloc(8 * 2 ** 20, 1));
         });
       });`,
    );
    const engine = new EngineProcess({ entry, root: folder, threads: 1 });
    const run = engine.run(training, {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    await expect(run).rejects.toThrow(
      /\(SIGKILL\) while it trained mini: the kernel killed it because memory ran out/,
    );
    await engine.end();
    rmSync(folder, { recursive: true });
  },
);
