import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hintsOfTraining } from '../../storage/models/checkpoint-training';
import { storeModel } from '../../storage/models/model-folder';
import { openStore } from '../../storage/open-store';
import { modelConfigSchema } from '../../ced/model/config';
import { parameterSpecs } from '../../ced/model/parameters';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { exportModel, teachersReadme } from '../../cli/models/teacher-export';
import { trainedModel } from '../report/sample-report';

const config = modelConfigSchema.parse({
  embed_dim: 16,
  depth: 1,
  num_heads: 2,
  outputdim: 3,
  target_length: 400,
});
const weights = new Map(
  parameterSpecs(config).map(({ name, shape }, seed) => {
    const data = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, index) => Math.sin(1 + seed + index) * 10 ** (seed % 3),
    );
    return [name, { shape, data }] as const;
  }),
);

describe('an exported teacher', () => {
  const folder = mkdtempSync(join(tmpdir(), 'teacher-export-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has the weights of the stored model, rounded to float16, and its configuration', async () => {
    const store = openStore(folder, 'store');
    const sha256 = await storeModel(store, config, encodeSafetensors(weights));
    const bytes = await exportModel(store, sha256, join(folder, 'alto'));
    const path = join(folder, 'alto', 'model.safetensors');
    expect(bytes).toBe(statSync(path).size);
    const exported = decodeSafetensors(readFileSync(path));
    expect([...exported.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [name, { data }] of weights)
      exported.get(name)?.data.forEach((value, index) => {
        const exact = data[index] ?? NaN;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(
          Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25),
        );
      });
    expect(
      modelConfigSchema.parse(
        JSON.parse(readFileSync(join(folder, 'alto', 'config.json'), 'utf8')),
      ),
    ).toEqual(config);
  });

  it('has its training beside it, which a run that takes it for a teacher reads', async () => {
    const store = openStore(folder, 'store');
    const sha256 = await storeModel(store, config, encodeSafetensors(weights));
    const hint = { kind: 'still learning' as const, about: 'coda', value: 0.02, text: 'coda rose' };
    const trained = { ...trainedModel('coda', 100, { epochs: 12, steps: 60 }), hints: [hint] };
    await exportModel(store, sha256, join(folder, 'coda'), trained);
    const [training, exported] = ['ced-training.json', 'model.safetensors'].map((file) =>
      readFileSync(join(folder, 'coda', file)),
    );
    expect(hintsOfTraining(training!, exported!)).toEqual([hint]);
    expect(JSON.parse(training!.toString())).toMatchObject({ name: 'coda', epochs: 12, steps: 60 });
    expect(hintsOfTraining(training!, encodeSafetensors(weights))).toEqual([]);
    for (const other of ['', '{}', '{"formatVersion": 2, "hints": []}'])
      expect(hintsOfTraining(Buffer.from(other), exported!)).toBeNull();
  });

  it('is an error that names the model when the store does not hold it', async () => {
    await expect(
      exportModel(openStore(folder, 'store'), 'ab'.repeat(32), join(folder, 'brio')),
    ).rejects.toThrow(/models\/abab.* is missing/);
  });
});

describe('the README beside the teachers', () => {
  it('says how they came about and how good they are', () => {
    const alto = {
      name: 'alto',
      parameters: 1_020_000,
      validationMAP: 0.5012,
      evalMAP: null,
      epochs: 12,
      minutes: 21.4,
      sha256: 'aa',
    };
    const readme = teachersReadme({
      command: 'npm run teach',
      runFile: 'teach.json',
      hardware: '2 × CPU',
      teachers: [alto],
    });
    const text = readme.replaceAll('\n', ' ');
    expect(text).toContain('`npm run teach` with `teach.json` in 21 minutes on 2 × CPU');
    expect(readme).toMatch(/^# Teachers\n/);
    expect(readme).toContain('| alto | 1,020,000 | 12 | 21.4 | 0.501 | – |');
  });
});
