import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { headRows, withNewHead } from '../../ced/model/new-head';
import { encodeSafetensors } from '../../ced/model/safetensors';
import type { Weights } from '../../ced/model/weights';
import { initialWeights } from '../../ced/model/initial-weights';
import { ChampionLedger } from '../../storage/champion-ledger';
import { loadModel, storeModel } from '../../storage/models/model-folder';
import type { ImportModelsInput } from '../../workflows/contract/activities';
import type { ModelShape } from '../../workflows/contract/run-file-sections';
import { modelConfig } from '../../ced/model/shaped-config';
import type { ModelConfig } from '../../ced/model/config';
import { formatVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';

const shape = { embedDim: 32, depth: 1, heads: 2, mlpRatio: 4, pooling: 'mean' } as const;
const classesOf = (...names: string[]): Vocabulary =>
  names.map((name, index) => ({ mid: `/t/${index}`, name }));
const vocabulary = classesOf('Low tone', 'Middle tone', 'High tone', 'Sweep', 'Noise', 'Clicks');

const SAVE = 'save its tensors with safetensors.torch.save_file';
const EXPECTED =
  'expected a folder, or gs://, https:// or hf://organisation/repository, with ' +
  'model.safetensors and config.json';

let folder: string;
let config: ModelConfig;
let weights: Weights;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-case-'));
  config = modelConfig(shape, 1, vocabulary);
  weights = initialWeights(config, 1);
  mkdirSync(join(folder, 'model'));
  writeFileSync(join(folder, 'classes.csv'), formatVocabularyCsv(vocabulary));
  put('config.json', JSON.stringify(config));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(file: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, 'model', file), content);
}

function renamed(rename: (name: string) => string): Uint8Array {
  return encodeSafetensors(new Map([...weights].map(([name, tensor]) => [rename(name), tensor])));
}

/** The weights that the import of the folder stores, or its refusal, told from the folder on. */
async function imported(): Promise<Weights | string> {
  const deps = localDependencies(folder);
  const teacher = { name: 't', format: 'ced', checkpoint: 'model', weight: 1 } as const;
  try {
    const { teachers } = await importModels(deps, {
      store: 'store',
      vocabulary: 'classes.csv',
      teachers: [teacher],
      inits: [],
    });
    return (await loadModel(deps.openStore('store'), teachers[0]!.sha256)).weights;
  } catch (error) {
    return (error as Error).message.replaceAll(folder, '');
  }
}

const valuesOf = (some: Weights | string): unknown =>
  typeof some === 'string' ? some : [...some].map(([name, { data }]) => [name, [...data]]);

describe('a checkpoint', () => {
  it.each([
    ['module.', (name: string) => `module.${name}`],
    ['_orig_mod.', (name: string) => `_orig_mod.${name}`],
    ['module._orig_mod.', (name: string) => `module._orig_mod.${name}`],
    ['model.', (name: string) => `model.${name}`],
    ['student.', (name: string) => `student.${name}`],
    ['net.audio.', (name: string) => `net.audio.${name}`],
    ['a bare encoder below model.', (name: string) => `model.${name.replace(/^encoder\./, '')}`],
    ['encoder.module.', (name: string) => name.replace(/^encoder\./, 'encoder.module.')],
    [
      'a wrapper within blocks',
      (name: string) => name.replace(/(blocks\.\d+\.)/, '$1_checkpoint_wrapped_module.'),
    ],
  ])('whose tensors are named with %s is read', async (_what, rename) => {
    put('model.safetensors', renamed(rename));
    expect(valuesOf(await imported())).toEqual(valuesOf(weights));
  });

  it('that holds a student and its teacher is refused by both names', async () => {
    const both = ['student', 'teacher'].flatMap((role) =>
      [...weights].map(([name, tensor]) => [`${role}.${name}`, tensor] as const),
    );
    put('model.safetensors', encodeSafetensors(new Map(both)));
    expect(await imported()).toBe(
      'teachers[0].checkpoint: /model: these weights do not fit the model: ' +
        'it holds several models (student., teacher.)',
    );
  });

  describe('in shards', () => {
    const files = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

    function shard(rename = (name: string): string => name): void {
      const all = [...weights].map(([name, tensor]) => [rename(name), tensor] as const);
      const parts = [all.slice(0, 7), all.slice(7)];
      const index = parts.flatMap((part, at) => part.map(([name]) => [name, files[at]]));
      parts.forEach((part, at) => put(files[at]!, encodeSafetensors(new Map(part))));
      put(
        'model.safetensors.index.json',
        JSON.stringify({ weight_map: Object.fromEntries(index) }),
      );
    }

    it.each(['', 'module.'])('with an index is read, also behind the prefix %p', async (prefix) => {
      shard((name) => `${prefix}${name}`);
      expect(valuesOf(await imported())).toEqual(valuesOf(weights));
    });

    it.each<[string, () => void, string]>([
      [
        'without one of them',
        () => rmSync(join(folder, 'model', files[1]!)),
        `/model/${files[1]} cannot be read (ENOENT), ${EXPECTED}`,
      ],
      [
        'one of which Git LFS did not fetch',
        () => put(files[1]!, 'version https://git-lfs.github.com/spec/v1\n'),
        `${files[1]}: it is a Git LFS pointer, not the weights; ` +
          'fetch the file with `git lfs pull`',
      ],
      [
        'one of which holds a tensor twice',
        () => put(files[1]!, readFileSync(join(folder, 'model', files[0]!))),
        `${files[1]} holds encoder.init_bn.bias a second time`,
      ],
      [
        'that lie elsewhere',
        () => put('model.safetensors.index.json', '{"weight_map": {"a": "../../etc/passwd"}}'),
        "model.safetensors.index.json names '../../etc/passwd', " +
          'expected files beside it that end in .safetensors',
      ],
      [
        'whose index is no index',
        () => put('model.safetensors.index.json', '{"weights": []}'),
        'model.safetensors.index.json has no weight_map of names',
      ],
    ])('%s is refused by name', async (_what, damage, message) => {
      shard();
      damage();
      const where = message.startsWith('/') ? '' : '/model: ';
      expect(await imported()).toBe(`teachers[0].checkpoint: ${where}${message}`);
    });
  });

  const convert = (file: string): RegExp =>
    new RegExp(
      `^teachers\\[0\\]\\.checkpoint: /model: it has ${file}, which is not read: ` +
        `.*python3 -c .*torch\\.load\\('${file}'.*weights_only=True.*'model.safetensors'\\)"$`,
    );
  it.each(['pytorch_model.bin', 'model.pt', 'model.pth'])(
    'with %s alone is refused with the command that converts it',
    async (file) => {
      put(file, 'PK');
      expect(await imported()).toMatch(convert(file));
    },
  );

  it.each<[string, Uint8Array, string]>([
    [
      'Git LFS did not fetch',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid'),
      'it is a Git LFS pointer, not the weights; fetch the file with `git lfs pull`',
    ],
    [
      'are a page for people',
      Buffer.from('<!doctype html><title>Sign in'),
      'it is a web page, not the weights; look at the address: it may ask for a login',
    ],
    [
      'are in gzip',
      gzipSync('weights'),
      'it is gzip data, not the weights; decompress it with gunzip',
    ],
    [
      'are a file of torch.save',
      Buffer.from('PK\x03\x04and more'),
      'it is a file of torch.save (zip), not the weights; ' + SAVE,
    ],
    [
      'are a pickle',
      Buffer.from('\x80\x02}q\x00(X\x05', 'latin1'),
      'it is a Python pickle, not the weights; ' + SAVE,
    ],
    ['are empty', Buffer.alloc(0), 'it is empty, not the weights; fetch it again'],
  ])('whose weights %s is refused by what they are', async (_what, bytes, message) => {
    put('model.safetensors', bytes);
    expect(await imported()).toBe(`teachers[0].checkpoint: /model: ${message}`);
  });
});

describe('a checkpoint to start from', () => {
  beforeEach(() => put('model.safetensors', encodeSafetensors(weights)));

  const starting = async (
    classes: Vocabulary,
    model: ModelShape = shape,
    given: Pick<ImportModelsInput, 'chunkSeconds' | 'champion'> = {},
  ) => {
    writeFileSync(join(folder, 'classes.csv'), formatVocabularyCsv(classes));
    const inits = [{ field: 'students[0].init', checkpoint: 'model', model }];
    const input = { store: 'store', vocabulary: 'classes.csv', teachers: [], inits, ...given };
    return await importModels(localDependencies(folder), input);
  };

  it('of the same classes is told nothing of', async () => {
    expect(await starting(vocabulary)).not.toHaveProperty('notes');
  });

  it.each<[string, Vocabulary, number]>([
    ['fewer', classesOf('Low tone', 'Middle tone', 'High tone', 'Sweep'), 4],
    ['more', classesOf('Dog', ...vocabulary.map(({ name }) => name)), 6],
    ['other', classesOf('Dog', 'Cat'), 0],
    ['reordered', classesOf(...vocabulary.map(({ name }) => name).reverse()), 6],
  ])('of %s classes gives a new head, and says so', async (_what, classes, taken) => {
    expect((await starting(classes)).notes).toEqual([
      `students[0].init: model has other classes: a new head is made, ${taken} of its ` +
        `${classes.length} classes are taken over, the encoder whole`,
    ]);
  });

  it('of another encoder is refused before anything else', async () => {
    await expect(starting(vocabulary, 'tiny')).rejects.toMatchObject({
      code: 'CheckpointIncompatible',
      message:
        'students[0].init: model differs from model in embed_dim (32, not 192), ' +
        'depth (1, not 12), num_heads (2, not 3)',
    });
  });

  it('of unnamed classes, as many as the run has, keeps its head, and says so', async () => {
    const { id2label: _names, ...unnamed } = config;
    put('config.json', JSON.stringify(unnamed));
    expect((await starting(classesOf('a', 'b', 'c', 'd', 'e', 'f'))).notes).toEqual([
      'students[0].init: model names no classes and has as many as the run: ' +
        'its head is taken over as it is',
    ]);
  });

  it('made for shorter chunks gets more positions in time, and says so', async () => {
    expect((await starting(vocabulary, shape, { chunkSeconds: 2 })).notes).toEqual([
      'students[0].init: model was made for at most 1.12 s: its 7 positions in time are ' +
        'interpolated to 13',
    ]);
  });

  it('keeps what of its shape no training needs to be asked for, and says so', async () => {
    const model = { ...shape, mlpRatio: 2, pooling: 'logit' } as const;
    expect((await starting(vocabulary, model)).notes).toEqual([
      'students[0].init: model has another mlpRatio (4, not 2) and another pooling ' +
        '(mean, not logit) than model: it is kept',
    ]);
  });

  it('that is the champion is looked at as early as the others', async () => {
    const deps = localDependencies(folder);
    const champions = deps.openStore('champion');
    const from = (model: ModelShape) =>
      starting(classesOf('Dog'), shape, {
        champion: { place: 'champion', students: [{ field: 'students[1].init', model }] },
      });
    expect((await from('tiny')).notes).toHaveLength(1); // There is none yet.
    const sha256 = await storeModel(champions, config, encodeSafetensors(weights));
    const origin = { store: '', run: '', workflowId: '', workflowRunId: '', at: '' };
    await (
      await ChampionLedger.read(champions)
    ).append({
      ...{ action: 'promotion', student: 's', sha256, parameters: 1, mAP: 0.5, against: null },
      ...{ evalSha256: '', previous: null, ...origin },
    });
    expect((await from(shape)).notes?.[1]).toBe(
      'students[1].init: champion 1 has other classes: a new head is made, 0 of its 1 classes ' +
        'are taken over, the encoder whole',
    );
    await expect(from('tiny')).rejects.toMatchObject({
      code: 'CheckpointIncompatible',
      message: expect.stringMatching(/^students\[1\]\.init: champion 1 differs from model in/),
    });
  });

  it('matches classes by MID before name', () => {
    const named = { ...config, outputdim: 2, id2label: { 0: 'Dog', 1: '/m/dog' } };
    expect(headRows(named, [{ mid: '/m/dog', name: 'Dog' }])).toEqual([1]);
    expect(headRows(named, [{ mid: '', name: 'Dog' }])).toEqual([0]);
  });

  it('keeps the rows of known classes and draws the others from the seed', () => {
    const classes = classesOf('Noise', 'Dog', 'Low tone');
    const own = modelConfig(shape, 1, classes);
    const rows = headRows(config, classes);
    expect(rows).toEqual([4, -1, 0]);
    const started = withNewHead(weights, rows!, own, 7);
    const row = (some: Weights, index: number): number[] => [
      ...some.get('outputlayer.1.weight')!.data.slice(index * 32, (index + 1) * 32),
    ];
    expect(row(started, 0)).toEqual(row(weights, 4));
    expect(row(started, 1)).toEqual(row(initialWeights(own, 7), 1));
    expect(row(started, 2)).toEqual(row(weights, 0));
    expect(started.get('outputlayer.1.weight')!.shape).toEqual([3, 32]);
    expect(started.get('encoder.norm.weight')).toBe(weights.get('encoder.norm.weight'));
  });
});
