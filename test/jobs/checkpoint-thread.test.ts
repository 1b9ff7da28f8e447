import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitCheckpoint, type UncommittedCheckpoint } from '../../jobs/train/checkpoint-commit';
import { FolderStore } from '../../storage/folder-store';
import { decodeSafetensors } from '../../ced/model/safetensors';
import { repositoryRoot } from '../../infra/toolchain';
import { CheckpointThread } from '../../jobs/process/checkpoint-thread';

/** Beginnings and ends of threads, in order. */
const mockEvents: string[] = [];
jest.mock('node:worker_threads', () => {
  const real = jest.requireActual<typeof import('node:worker_threads')>('node:worker_threads');
  class ObservedWorker extends real.Worker {
    constructor(...options: ConstructorParameters<typeof real.Worker>) {
      super(...options);
      mockEvents.push('started');
      this.once('exit', () => mockEvents.push('exited'));
    }
  }
  return { ...real, Worker: ObservedWorker };
});

describe('the thread that commits checkpoints', () => {
  const entry = join(repositoryRoot, 'dist/jobs/process/commit-thread.js');
  const tensors = () => new Map([['w', { shape: [3], data: Float32Array.of(1, 2, 3) }]]);
  const checkpoint = (): UncommittedCheckpoint => ({
    trainingKey: 'key',
    trainer: { weights: tensors(), adamM: tensors(), adamV: tensors(), step: 7 },
    state: {
      ...{
        step: 7,
        epoch: 1,
        stepInEpoch: 2,
        lossSum: 3,
        lossRows: 4,
        best: [],
        validated: [],
        rowsTrained: 5,
        metricsFrom: 7,
      },
      engine: { tensorflow: 'x' } as unknown as UncommittedCheckpoint['state']['engine'],
      bitExact: true,
    },
    segment: { from: 0, to: 7, lines: [{ step: 0, loss: 1, lr: 1 }] },
  });
  let folder: string;
  let thread: CheckpointThread;
  const started = (pass = () => Promise.resolve()): CheckpointThread =>
    (thread = new CheckpointThread(entry, pass));

  beforeEach(() => {
    mockEvents.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'ced-thread-'));
  });
  afterEach(async () => {
    await thread.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const files = (store: string): string[] =>
    readdirSync(join(folder, store), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.\w+$/.test(file))
      .sort();

  it('commits while a step blocks the main thread, with the same bytes', async () => {
    const committed = started().commit(join(folder, 'beside'), checkpoint(), () => undefined);
    const state = join(folder, 'beside/training/key/checkpoints/000000007/state.json');
    const deadline = performance.now() + 540_000;
    while (!existsSync(state) && performance.now() < deadline); // a step: nothing else runs here
    expect(existsSync(state)).toBe(true);
    await committed;
    await commitCheckpoint(new FolderStore(join(folder, 'inline')), checkpoint());
    expect(files('beside')).toEqual(files('inline'));
    for (const file of files('inline'))
      expect(readFileSync(join(folder, 'beside', file))).toEqual(
        readFileSync(join(folder, 'inline', file)),
      );
  });

  it('transfers the tensors instead of copying them, also if two share memory', async () => {
    const { trainer, ...rest } = checkpoint();
    const arrays = [trainer.weights, trainer.adamM, trainer.adamV].map(
      (weights) => weights.get('w')!.data,
    );
    const shared = { shape: [2], data: arrays[0]!.subarray(1) };
    const weights = new Map([...trainer.weights, ['v', shared]]);
    const store = join(folder, 'store');
    const committed = started().commit(
      store,
      { ...rest, trainer: { ...trainer, weights } },
      () => undefined,
    );
    expect(arrays.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
    await committed;
    const model = readFileSync(join(store, 'training/key/checkpoints/000000007/model.safetensors'));
    const written = decodeSafetensors(model);
    expect([...written.get('w')!.data]).toEqual([1, 2, 3]);
    expect([...written.get('v')!.data]).toEqual([2, 3]);
  });

  it('tells what went wrong, with its code, and takes the next checkpoint', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(
      started().commit(join(folder, 'file'), checkpoint(), () => undefined),
    ).rejects.toMatchObject({ code: 'ENOTDIR' });
    await thread.commit(join(folder, 'store'), checkpoint(), () => undefined);
    expect(files('store')).toContain('training/key/checkpoints/000000007/state.json');
  });

  it('loses no checkpoint to the late exit of a thread that failed before it', async () => {
    // Only the first thread fails, and giving its memory back delays its exit after its error.
    const marker = join(folder, 'failed');
    const script = `
      const { existsSync, writeFileSync } = require('node:fs');
      const { parentPort } = require('node:worker_threads');
      const first = !existsSync(${JSON.stringify(marker)});
      globalThis.ballast = first && Array.from({ length: 2e6 }, (_, i) => ({ i }));
      writeFileSync(${JSON.stringify(marker)}, '');
      parentPort.on('message', ({ id }) => {
        if (first) throw new Error('the disk is gone');
        parentPort.postMessage({ type: 'done', id });
      });
    `;
    const scripted = join(folder, 'thread.cjs');
    writeFileSync(scripted, script);
    thread = new CheckpointThread(scripted, () => Promise.resolve());
    const commit = () => thread.commit(folder, checkpoint(), () => undefined);
    await expect(Promise.all([commit(), commit()])).rejects.toThrow('the disk is gone');
    await expect(Promise.all([commit(), commit()])).resolves.toBeDefined();
    expect(mockEvents).toEqual(['started', 'exited', 'started']);
  });
});
