/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelLatency } from '../../jobs/score/latency';
import { storeModel } from '../../storage/models/model-folder';
import { FolderStore } from '../../storage/folder-store';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { realTimeFactor } from '../../ced/metrics/latency';

describe('the time of a chunk on one core', () => {
  it('is the median over runs of the exported model, with its tags; cuts long chunks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-latency-'));
    const store = new FolderStore(folder);
    const config = modelConfigSchema.parse({
      embed_dim: 32,
      depth: 1,
      num_heads: 2,
      outputdim: 3,
      target_length: 112,
    });
    const model = await storeModel(store, config, encodeSafetensors(initialWeights(config, 1)));
    let ticks = 0;
    const clock = (): number => (++ticks) ** 2; // timed run n takes 4n + 7 of its milliseconds
    const latency = await modelLatency(store, model, 1, clock);
    expect(latency).toMatchObject({ milliseconds: 4 * 4 + 7, audioSeconds: 1 });
    expect(latency.processor).not.toBe('');
    expect(realTimeFactor(latency)).toBeCloseTo(0.023, 12);
    expect((await modelLatency(store, model, 10, clock)).audioSeconds).toBeCloseTo(1.26994, 4);
    rmSync(folder, { recursive: true });
  });
});
