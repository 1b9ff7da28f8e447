/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureLatencies } from '../../jobs/score/latency';
import { readLatencies } from '../../storage/latencies';
import { storeModel } from '../../storage/models/model-folder';
import { FolderStore } from '../../storage/folder-store';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { realTimeFactor, type Latency } from '../../ced/metrics/latency';

const WARM_UPS = 2;
const RUNS_A_ROUND = 5;

describe('the times of models on one core', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-latency-'));
  const store = new FolderStore(folder);
  /** In the order in which they take turns. */
  const models: string[] = [];
  beforeAll(async () => {
    const config = modelConfigSchema.parse({
      embed_dim: 32,
      depth: 1,
      num_heads: 2,
      outputdim: 3,
      target_length: 112,
    });
    for (const seed of [1, 2])
      models.push(await storeModel(store, config, encodeSafetensors(initialWeights(config, seed))));
    models.sort();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /**
   * @param timeOf milliseconds of a run of a model in a round, from 0; warm-ups are of round -1
   * @returns times by model, and how many runs there were
   */
  async function measured(
    chunkSeconds: number,
    timeOf: (model: number, round: number) => number,
    asked = models,
  ): Promise<{ latencies: (Latency | undefined)[]; runs: number }> {
    let [nowMs, readings] = [0, 0];
    const monotonicMs = (): number => {
      const turn = readings++ >> 1;
      const run = Math.floor(turn / models.length) - WARM_UPS;
      // Every second reading is the end of a run.
      if (readings % 2 === 0) nowMs += timeOf(turn % models.length, Math.floor(run / RUNS_A_ROUND));
      return nowMs;
    };
    const timed = { models: asked.map((sha256) => ({ sha256 })), chunkSeconds };
    await measureLatencies(
      {
        ...{ store, monotonicMs, onProgress: () => undefined },
        yieldAndCheckStop: () => Promise.resolve(false),
      },
      timed,
    );
    const found = await readLatencies(store, timed);
    return { latencies: models.map((model) => found.get(model)), runs: readings / 2 };
  }

  it('are taken in turns, so that a load that comes and goes slows all of them alike', async () => {
    const load = [2, 1, 1];
    const { latencies, runs } = await measured(1, (model, round) =>
      round < 0 ? 1000 : (10 + model) * load[round]!,
    );
    expect(runs).toBe(models.length * (WARM_UPS + 3 * RUNS_A_ROUND));
    expect(latencies).toEqual(
      [0, 1].map((model) => ({
        milliseconds: 10 + model,
        audioSeconds: 1,
        processor: expect.stringMatching(/./) as string,
        spread: { low: 10 + model, high: 20 + 2 * model, rounds: 3 },
      })),
    );
    expect(realTimeFactor(latencies[0]!)).toBeCloseTo(0.01, 12);
  });

  it('are measured on until they are stable, and told with their spread', async () => {
    const { latencies } = await measured(0.9, (_, round) => [100, 120, 140, 102][round] ?? 0);
    expect(latencies[0]).toMatchObject({
      milliseconds: 102,
      spread: { low: 100, high: 140, rounds: 4 },
    });
    const unstable = await measured(0.8, (_, round) => 10 + round);
    expect(unstable.latencies[0]?.spread).toEqual({ low: 10, high: 21, rounds: 12 });
  });

  it('are measured once for the same models, in whatever order, beside foreign ones', async () => {
    const first = await measured(0.7, () => 10);
    const again = await measured(0.7, () => 99, ['f'.repeat(64), ...models.toReversed()]);
    expect(again).toEqual({ latencies: first.latencies, runs: 0 });
  });

  it('are of the longest piece that a model takes at once', async () => {
    const { latencies } = await measured(10, () => 10);
    expect(latencies[0]?.audioSeconds).toBeCloseTo(1.26994, 4);
  });
});
