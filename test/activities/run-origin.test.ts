import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOrigin, requireOrigin } from '../../activities/plan/run-origin';
import { planCorpus } from '../../activities/plan-corpus';
import { importModels } from '../../activities/import-models';
import { FolderStore } from '../../storage/folder-store';
import { teachRunSchema, type TeachRun } from '../../workflows/contract/run-file';
import type { RunOrigin } from '../../workflows/contract/run-origin';

describe('relative paths of a run that was started in another root', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ced-origin-')));
  const client = join(folder, 'client');
  const worker = join(folder, 'worker');
  const run: TeachRun = teachRunSchema.parse({
    ...{ name: 'mine', store: 'store', chunkSeconds: 1 },
    corpus: { train: 'data/train-*.tsv', eval: 'data/eval.tsv', vocabulary: 'classes.csv' },
    teachers: [{ name: 'small', model: 'tiny', epochs: 1, init: 'start' }],
  });
  let origin: RunOrigin;

  beforeEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(client, 'data'), { recursive: true });
    mkdirSync(join(client, 'start'));
    writeFileSync(join(client, 'data/train-1.tsv'), 'filename\tlabels\na.wav\tdog\n');
    writeFileSync(join(client, 'data/eval.tsv'), 'filename\tlabels\nb.wav\tdog\n');
    writeFileSync(join(client, 'classes.csv'), 'dog\n');
    writeFileSync(join(client, 'start/config.json'), '{}');
    cpSync(client, worker, { recursive: true });
    origin = await describeOrigin(run, client);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are known to the client that starts it', () => {
    expect(Object.entries(origin.files).map(([field, { path }]) => [field, path])).toEqual([
      ['corpus.train', 'data/train-*.tsv'],
      ['corpus.eval', 'data/eval.tsv'],
      ['corpus.vocabulary', 'classes.csv'],
      ['teachers[0].init', 'start'],
    ]);
    expect(origin.root).toBe(client);
  });

  it('are accepted in the same root by any of its names, whatever its files are now', async () => {
    writeFileSync(join(client, 'data/eval.tsv'), 'filename\tlabels\n');
    expect(await requireOrigin(join(worker, '..', 'client'), origin)).toEqual([]);
  });

  it('are accepted where they lead to the same files, and the run says so', async () => {
    expect(await requireOrigin(worker, origin)).toEqual([
      `relative paths, of the store too, start from ${worker}, the worker's root, and not from ` +
        `${client}, where the run was started`,
    ]);
  });

  it('are refused where they lead to another file, with both roots and the remedy', async () => {
    writeFileSync(join(worker, 'data/train-1.tsv'), 'filename\tlabels\na.wav\tcat\n');
    await expect(requireOrigin(worker, origin)).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message:
        `corpus.train: data/train-*.tsv is another file in ${worker}, the root of the worker, ` +
        `than in ${client}, where the run was started. Stop that worker and start one with ` +
        `--root ${client}, or write absolute paths into the run file; then start the run again`,
    });
  });

  it('are refused where they lead to nothing, or to a model of other files', async () => {
    rmSync(join(worker, 'classes.csv'));
    writeFileSync(join(worker, 'start/config.json'), '{"depth":1}');
    await expect(requireOrigin(worker, origin)).rejects.toThrow(
      `corpus.vocabulary: classes.csv is missing in ${worker}, the root of the worker; the run ` +
        `was started in ${client}, which has it (and 1 more). Stop`,
    );
  });

  it('are no error on another host, whose files the run names in its notes', async () => {
    writeFileSync(join(worker, 'data/eval.tsv'), 'filename\tlabels\n');
    const elsewhere = { ...origin, host: 'desk' };
    expect(await requireOrigin(worker, elsewhere, 'rack')).toEqual([
      `corpus.eval: data/eval.tsv is another file in ${worker}, the root of the worker on rack, ` +
        `than in ${client} on desk, where the run was started`,
    ]);
  });

  it('are not looked at where the client says nothing, as the Temporal command line', async () => {
    expect(await requireOrigin(worker, undefined)).toEqual([]);
  });

  it('are refused by each activity that reads them, before anything is written', async () => {
    rmSync(join(worker, 'data/eval.tsv'));
    const openStore = (uri: string): FolderStore => new FolderStore(join(worker, uri));
    const deps = {
      ...{ root: worker, openStore, monotonicMs: () => 0 },
      engine: { run: () => Promise.reject(new Error('no engine')) },
      notifyEpoch: () => Promise.resolve(),
    };
    const { store, corpus, chunkSeconds } = run;
    const refusal = `corpus.eval: data/eval.tsv is missing in ${worker}`;
    await expect(
      planCorpus(deps, { store, corpus, chunkSeconds, origin }, () => undefined),
    ).rejects.toThrow(refusal);
    const { vocabulary } = corpus;
    await expect(
      importModels(deps, { store, vocabulary, teachers: [], inits: [], origin }),
    ).rejects.toThrow(refusal);
  });
});
