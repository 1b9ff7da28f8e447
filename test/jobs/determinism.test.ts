import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  SMALL,
  smallTraining,
  type SmallSettings,
  type SmallTraining,
} from '../../tools/soak/small-training';
import { repositoryRoot } from '../../infra/toolchain';
import { EngineProcess } from '../../workers/engine-process';

/** In batches of four. */
const STEPS = 50;

describe('a training in a process of the engine', () => {
  let folder: string;
  let training: SmallTraining;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-determinism-'));
    training = await smallTraining(folder, STEPS, SMALL);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let attempts = 0;
  /**
   * One training from its first step. @returns SHA-256 of the model, and of the last checkpoint
   * with Adam's moments
   */
  async function train(
    engine: EngineProcess,
    changed: SmallSettings = {},
  ): Promise<{ model: string; checkpoint: string }> {
    training.forget();
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    const { sha256, steps, trainingKey } = await engine.run(
      training.job(`attempt-${++attempts}`, changed),
      options,
    );
    const checkpoint = join(
      folder,
      'store',
      'training',
      trainingKey,
      'checkpoints',
      String(steps).padStart(9, '0'),
    );
    const hash = createHash('sha256');
    for (const file of readdirSync(checkpoint).sort())
      if (file.endsWith('.safetensors')) hash.update(readFileSync(join(checkpoint, file)));
    return { model: sha256, checkpoint: hash.digest('hex') };
  }

  const withEngine = async <Result>(
    threads: number,
    body: (engine: EngineProcess) => Promise<Result>,
  ): Promise<Result> => {
    const entry = join(repositoryRoot, 'dist', 'jobs', 'child.js');
    const engine = new EngineProcess({ entry, root: folder, threads });
    try {
      return await body(engine);
    } finally {
      await engine.end();
    }
  };

  it.each<[string, SmallSettings]>([
    ['float32', { precision: 'float32' }],
    ['bfloat16', { precision: 'bfloat16' }],
    ['batches of two parts, with a compiled front end', { batchSize: 20, parts: 2 }],
  ])(
    'gives the same bytes with 1, 2 and 4 threads, in a fresh process and in a reused one: %s',
    async (_, settings) => {
      const expected = await withEngine(1, (engine) => train(engine, settings));
      for (const threads of [1, 2, 4]) {
        const [other, warm] = await withEngine(
          threads,
          async (engine) =>
            [await train(engine, { ...settings, seed: 2 }), await train(engine, settings)] as const,
        );
        const cold = await withEngine(threads, (engine) => train(engine, settings));
        expect({ threads, cold, warm }).toEqual({ threads, cold: expected, warm: expected });
        expect(other.model).not.toBe(expected.model);
        expect(other.checkpoint).not.toBe(expected.checkpoint);
      }
    },
  );
});
