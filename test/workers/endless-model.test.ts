import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { repositoryRoot } from '../../infra/toolchain';
import { EngineLost, type EngineJob } from '../../jobs/engine-jobs';
import { corpusSchema, teacherSchema } from '../../workflows/contract/run-file-sections';
import { EngineProcess } from '../../workers/engine-process';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { ingestCorpus, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';

const ignore = (): void => undefined;

describe('a model that never gives an answer', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-endless-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The job of scoring each model, in a store of its own. */
  async function jobs(models: Record<string, Buffer>): Promise<EngineJob[]> {
    const store = storeBelow(folder);
    const deps = localDependencies(folder, store);
    const tones = writeToneCorpus(folder, { train: 2, validation: 2, eval: 0 });
    const corpus = corpusSchema.parse({ ...tones, eval: undefined });
    const planKey = await ingestCorpus(deps, corpus);
    mkdirSync(join(folder, 'models'));
    const teachers = Object.entries(models).map(([name, bytes]) => {
      writeFileSync(join(folder, `models/${name}.onnx`), bytes);
      return teacherSchema.parse({
        ...{ name, checkpoint: `models/${name}.onnx`, format: 'onnx' },
        ...{ output: 'logits', vocabulary: corpus.vocabulary },
      });
    });
    const imported = await importModels(deps, {
      ...{ store: '', vocabulary: corpus.vocabulary, teachers, inits: [] },
    });
    return imported.teachers.map((model) => ({
      kind: 'score',
      input: {
        ...{ store: store.uri, planKey, split: 'validation', model, chunkSeconds: 1 },
        precision: 'float32',
      },
    }));
  }

  const engine = (firstUnitMs: number): EngineProcess =>
    new EngineProcess({
      ...{ entry: join(repositoryRoot, 'dist/jobs/child.js'), root: folder, threads: 1 },
      silence: { firstUnitMs },
      onOutput: ignore,
    });
  const run = async (job: EngineJob, process: EngineProcess): Promise<unknown> => {
    const { signal } = new AbortController();
    const watch = { signal, onProgress: ignore, onEpoch: ignore, onAlive: ignore };
    return await process.run(job, watch).finally(() => process.end());
  };

  it('loses its attempt, which says what the engine did, and no other model', async () => {
    const gains = [300, -300, 200, -200, 100, -100];
    const [endless, finite] = await jobs({
      endless: onnxBytes(gains, { isEndless: true }),
      finite: onnxBytes(gains),
    });
    const lost = run(endless!, engine(10_000));
    await expect(lost).rejects.toBeInstanceOf(EngineLost);
    await expect(lost).rejects.toThrow(
      /said nothing for \d+ s while it scored endless on validation.*a model that never finishes/,
    );
    await expect(run(finite!, engine(300_000))).resolves.toMatchObject({ reused: false });
  });
});
