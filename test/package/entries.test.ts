/** @jest-environment ./test/support/one-realm-environment.cjs */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import { ced } from '../../cli/main';
import { readModelFolder } from '../../cli/models/model-folder';
import { tagAudio } from '../../cli/models/tag-audio';
import { repositoryRoot } from '../../infra/toolchain';
import { RunFileInvalid, startRun } from '../../package/client';
import type { DistillInput } from '../../package/contract';
import { StoreReader, type LogitRow } from '../../package/formats';
import { Tagger } from '../../package/tagger';
import { CedPlugin } from '../../package/worker';
import { wavBytes } from '../ced/audio/wav-bytes';
import { sweep, writeReferenceModel } from '../support/tagged-model';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-package-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('the tagger', () => {
  it('tags an exported model as ced tag tags the checkpoint', async () => {
    const model = writeReferenceModel(join(folder, 'model'), (index) => `class of ${index}`);
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    await ced(['export', '--model', model, '--out', join(folder, 'model.onnx')]);
    jest.restoreAllMocks();

    const wave = sweep(2.1);
    writeFileSync(join(folder, 'a.wav'), wavBytes([wave], { bits: 16 }));
    const tagger = await Tagger.open(join(folder, 'model.onnx'), { chunkSeconds: 0.7 });
    expect(tagger.classes[1]).toBe('class of 1');
    const found = await tagger.tagFile(join(folder, 'a.wav'), { top: 2 });
    tagger.close();

    const { config: own, weights } = await readModelFolder(model);
    const predictor = new Predictor(openEngine(), own, weights, { precision: 'float32' });
    const expected = tagAudio(predictor, Int16Array.from(wave), { chunkSeconds: 0.7, top: 2 });
    predictor.dispose();
    expect(found.map(({ start, end }) => [start, end])).toEqual(
      expected.map(({ start, end }) => [start, end]),
    );
    found.forEach(({ tags }, chunk) =>
      tags.forEach(({ label, probability }, rank) => {
        expect(label).toBe(expected[chunk]!.tags[rank]!.label);
        expect(probability).toBeCloseTo(expected[chunk]!.tags[rank]!.probability, 4);
      }),
    );
  });

  it('refuses a file that ced export did not write', async () => {
    writeFileSync(join(folder, 'empty.onnx'), '');
    await expect(Tagger.open(join(folder, 'empty.onnx'))).rejects.toThrow(
      /empty\.onnx: expected a file that `ced export` wrote/,
    );
  });
});

describe('the reader of a store', () => {
  const store = new StoreReader(join(__dirname, '..', 'storage', 'golden', 'store'));

  it('gives the stored logits with the names of clips and classes', async () => {
    const keys = await store.logitKeys();
    const rows: LogitRow[] = [];
    for (const key of keys) for await (const row of store.logits(key)) rows.push(row);
    expect(rows.length).toBeGreaterThan(0);
    for (const { clip, classes } of rows) {
      expect(clip).not.toBeNull();
      expect(classes.every(({ name }) => name !== null)).toBe(true);
      const probabilities = classes.map(({ probability }) => probability);
      expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    }
  });

  it('gives what a run returned, by its name', async () => {
    const [name = ''] = await store.runs();
    expect((await store.result(name)).run).toBe(name);
  });
});

describe('the client', () => {
  it('refuses an invalid run file before it starts anything, with every problem', async () => {
    const client = {} as Client;
    const run = { name: 'mine', store: 's', corpus: {}, students: [] } as unknown as DistillInput;
    const refusal = await startRun(client, 'distill', run).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RunFileInvalid);
    expect((refusal as RunFileInvalid).problems.join('\n')).toMatch(/^corpus\.train: /m);
  });

  it('says in the memo where relative paths start, if the program does', async () => {
    const starts: { memo?: Record<string, unknown> }[] = [];
    const workflow = {
      start: (_: string, options: object) => Promise.resolve(starts.push(options)),
      getHandle: () => ({}),
    };
    const run = {
      ...{ name: 'mine', store: 's', chunkSeconds: 1 },
      corpus: { train: 'package.json', eval: 'absent.tsv', vocabulary: '/classes.csv' },
      teachers: [{ name: 'small', model: 'tiny' as const, epochs: 1 }],
    };
    const client = { workflow } as unknown as Client;
    await startRun(client, 'teach', run);
    await startRun(client, 'teach', run, { root: repositoryRoot });
    expect(starts.map(({ memo }) => memo)).toEqual([
      undefined,
      {
        CedOrigin: {
          host: hostname(),
          root: realpathSync(repositoryRoot),
          files: {
            'corpus.train': {
              path: 'package.json',
              fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
            },
          },
        },
      },
    ]);
  });
});

describe('the plugin of workers', () => {
  const plugin = new CedPlugin({ root: '/data', cpuActivities: 3 });
  const connection = { plugins: [] } as unknown as NativeConnection;
  const greet = (): Promise<string> => Promise.resolve('hello');

  it('adds the activities of the CPU queue to those of the worker', () => {
    const options = plugin.configureWorker({
      connection,
      taskQueue: 'ced-cpu',
      activities: { greet },
    });
    expect(Object.keys(options.activities ?? {})).toEqual(
      expect.arrayContaining(['greet', 'planCorpus', 'publishRun']),
    );
    expect(options.maxConcurrentActivityTaskExecutions).toBe(3);
  });

  it('gives the GPU queue one activity at a time', () => {
    const options = plugin.configureWorker({ connection, taskQueue: 'ced-gpu' });
    expect(Object.keys(options.activities ?? {})).toContain('trainModel');
    expect(options.maxConcurrentActivityTaskExecutions).toBe(1);
  });

  it('adds the workflows to those of a worker, which keep their names', () => {
    const theirs = join(folder, 'theirs.js');
    writeFileSync(theirs, 'exports.nightly = () => 1; exports.teach = () => 2;');
    const { workflowsPath = '' } = plugin.configureWorker({
      taskQueue: 'mine',
      workflowsPath: theirs,
    });
    expect(readFileSync(workflowsPath, 'utf8')).toContain(JSON.stringify(theirs));
    expect(readFileSync(workflowsPath, 'utf8')).toContain(
      JSON.stringify(require.resolve('../../workflows')),
    );
  });

  it('leaves a worker alone that has a bundle, or no workflows', () => {
    const bundled = { taskQueue: 'mine', workflowBundle: { code: '' } };
    expect(plugin.configureWorker(bundled)).toEqual(bundled);
    expect(plugin.configureWorker({ taskQueue: 'mine' })).toEqual({ taskQueue: 'mine' });
  });
});
