import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallTraining, type SmallTraining } from '../../tools/soak/small-training';
import { repositoryRoot } from '../../infra/toolchain';
import { EngineProcess } from '../../workers/engine-process';

const STEPS = 50;

describe('fifty steps in a process of the engine', () => {
  let folder: string;
  let training: SmallTraining;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-determinism-'));
    training = await smallTraining(folder, STEPS);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let attempts = 0;
  /**
   * One training from its first step. @returns SHA-256 of the model, and of the last checkpoint
   * with Adam's moments
   */
  async function train(
    engine: EngineProcess,
    seed = 1,
  ): Promise<{ model: string; checkpoint: string }> {
    training.forget();
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    const { sha256, steps, trainingKey } = await engine.run(
      training.job(`attempt-${++attempts}`, seed),
      options,
    );
    expect(steps).toBe(STEPS);
    const checkpoint = join(
      folder,
      'store',
      'training',
      trainingKey,
      'checkpoints',
      String(STEPS).padStart(9, '0'),
    );
    const hash = createHash('sha256');
    for (const file of readdirSync(checkpoint).sort())
      if (file.endsWith('.safetensors')) hash.update(readFileSync(join(checkpoint, file)));
    return { model: sha256, checkpoint: hash.digest('hex') };
  }

  const withEngine = async <Result>(
    intraOpThreads: number,
    body: (engine: EngineProcess) => Promise<Result>,
  ): Promise<Result> => {
    const entry = join(repositoryRoot, 'dist', 'jobs', 'child.js');
    const engine = new EngineProcess({ entry, root: folder, intraOpThreads });
    try {
      return await body(engine);
    } finally {
      await engine.end();
    }
  };

  it.each([1, 2, 4])(
    'with %i threads give the same bytes, in a fresh process and in a reused one',
    async (threads) => {
      const cold = await withEngine(threads, (engine) => train(engine));
      const [other, warm] = await withEngine(
        threads,
        async (engine) => [await train(engine, 2), await train(engine)] as const,
      );
      expect(warm).toEqual(cold);
      expect(other.model).not.toBe(cold.model);
      expect(other.checkpoint).not.toBe(cold.checkpoint);
    },
  );
});
