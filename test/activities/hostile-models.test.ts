import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { encodeSafetensors } from '../../ced/model/safetensors';
import type { Teacher } from '../../workflows/contract/run-file-sections';

const graphs = join(__dirname, '../reference/savedmodels');

/** What a stranger's model is refused for, before anything of it is stored or run. */
describe("a stranger's model", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-hostile-'));
    writeFileSync(join(folder, 'classes.csv'), 'index,mid,display_name\n0,,a\n1,,b\n');
    mkdirSync(join(folder, 'model'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const importing = async (teacher: Partial<Teacher>) =>
    await importModels(localDependencies(folder), {
      store: 'store',
      vocabulary: 'classes.csv',
      teachers: [{ name: 'stranger', checkpoint: 'model', weight: 1, ...teacher } as Teacher],
      inits: [],
    });
  const savedModel = {
    format: 'savedmodel',
    output: 'probabilities',
    vocabulary: 'classes.csv',
    spectrogramMasks: 'skip',
  } as const;

  it('that is a program is refused by the ops it would run', async () => {
    writeFileSync(join(folder, 'model/saved_model.pb'), readFileSync(join(graphs, 'writes.pb')));
    await expect(importing(savedModel)).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^teachers\[0\]\.checkpoint: .*\/model: ReadFile \(node ReadFile\), WriteFile .*call out$/,
      ) as unknown,
    });
    writeFileSync(join(folder, 'model/saved_model.pb'), readFileSync(join(graphs, 'module.pb')));
    expect((await importing(savedModel)).teachers).toHaveLength(1);
  });

  const write = (config: string): void => {
    writeFileSync(join(folder, 'model/config.json'), config);
    writeFileSync(join(folder, 'model/model.safetensors'), encodeSafetensors(new Map()));
  };
  it.each([
    ['a billion blocks', { depth: 1e9 }, /config\.json: depth: /],
    ['a width of 2^40', { embed_dim: 2 ** 40 }, /config\.json: embed_dim: /],
    ['10^12 frames', { target_length: 1e12 }, /config\.json: target_length: /],
  ])('of %s is refused before memory is taken for it', async (_, change, reason) => {
    const shape = { embed_dim: 48, depth: 1, num_heads: 3, outputdim: 2 };
    write(JSON.stringify({ ...shape, ...change }));
    await expect(importing({ format: 'ced' })).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(reason) as unknown,
    });
  });

  it('whose config.json is larger than any is not read', async () => {
    write(' '.repeat(2 ** 25 + 1));
    await expect(importing({ format: 'ced' })).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringContaining('config.json: longer than 33554432 bytes') as unknown,
    });
  });
});
