import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitSegment, MetricsSegment, readMetrics } from '../../storage/training/metrics-segment';
import { FolderStore } from '../../storage/folder-store';

describe('metrics segments', () => {
  let folder: string;
  let store: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-metrics-'));
    store = new FolderStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const train = async (from: number, cuts: number[]): Promise<void> => {
    const segment = new MetricsSegment(from);
    let step = from;
    for (const cut of cuts) {
      for (; step < cut; step++) segment.step(step, 1 / (step + 1), 1e-3);
      await commitSegment(store, 'key', segment.cut(cut), Buffer.of());
    }
  };

  it('join to every step once, in order', async () => {
    await train(0, [25, 50]);
    expect((await readMetrics(store, 'key', 50)).map(({ step }) => step)).toEqual([
      0, 10, 20, 30, 40,
    ]);
  });

  it('keep the divergence of an epoch that was measured, and no field for others', async () => {
    const segment = new MetricsSegment(0);
    const epoch = { student: 's', epochs: 2, loss: 0.5, mAP: null };
    segment.epoch({ ...epoch, epoch: 1, step: 1 });
    segment.epoch({ ...epoch, epoch: 2, step: 2, divergence: 0.25 });
    await commitSegment(store, 'key', segment.cut(2), Buffer.of());
    expect(await readMetrics(store, 'key', 2)).toEqual([
      { epoch: 1, step: 1, loss: 0.5, mAP: null },
      { epoch: 2, step: 2, loss: 0.5, mAP: null, divergence: 0.25 },
    ]);
  });

  it('pass over what an abandoned attempt left behind', async () => {
    await train(0, [20]);
    await train(20, [33]); // killed after this checkpoint was begun elsewhere
    await train(20, [40, 60]);
    expect((await readMetrics(store, 'key', 60)).map(({ step }) => step)).toEqual([
      0, 10, 20, 30, 40, 50,
    ]);
  });

  it('say where they break off rather than leave a gap', async () => {
    await train(20, [40]);
    await expect(readMetrics(store, 'key', 40)).rejects.toThrow(/no metrics up to step 20/);
  });
});
