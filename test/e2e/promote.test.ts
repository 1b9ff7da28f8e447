import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChampionLedger } from '../../storage/champion-ledger';
import { FolderStore } from '../../storage/folder-store';
import { resultTable } from '../../cli/run/result-table';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import type { TrainedModel } from '../../workflows/contract/models';

/** Distillations that put their students up, on a real server with two GPU workers. */
describe('a distillation with a champion', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let teacher: ReturnType<typeof writeUntrainedTeacher>;

  const model = { embedDim: 32, depth: 1, heads: 2 };
  const distill = async (
    name: string,
    seeds: number[],
    over: { corpus?: object; champion?: string } = {},
  ): Promise<RunResult> => {
    const run = {
      name,
      store: 'store',
      corpus: { ...corpus, clipsPerShard: 16, ...over.corpus },
      teachers: [teacher],
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: seeds.map((seed) => ({
        name: `s${seed}`,
        model,
        epochs: 4,
        batchSize: 8,
        warmupSteps: 4,
        validateEvery: 2,
        seed,
      })),
      promote: { champion: over.champion ?? name, minGain: -1 },
    };
    return (await cluster.client.workflow.execute('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [run],
    })) as RunResult;
  };
  const entriesOf = async (champion: string) =>
    (await ChampionLedger.read(new FolderStore(join(cluster.folder, champion)))).entries;

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 24, validation: 12, eval: 12 });
    teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('cpu');
    await cluster.worker('gpu');
    await cluster.worker('gpu');
  });
  afterAll(async () => cluster?.stop());

  it('of three students ends in one table, and promotes the best on validation', async () => {
    const result = await distill('three', [1, 2, 3]);
    const table = resultTable(result, { result: 'result.json', report: 'report.html' });
    for (const name of ['s1', 's2', 's3'])
      expect(table).toMatch(new RegExp(`^student ${name} .*0\\.\\d{3}`, 'm'));
    const manifests = result.students.map(({ sha256, name }) => ({
      name,
      sha256,
      validationMAP: validationOf(sha256),
    }));
    const best = manifests.reduce((one, other) =>
      other.validationMAP > one.validationMAP ? other : one,
    );
    expect(result.promotion).toMatchObject({
      outcome: 'promoted',
      entry: 1,
      student: best.name,
      sha256: best.sha256,
    });
    expect(await entriesOf('three')).toMatchObject([
      { entry: 1, sha256: best.sha256, run: 'three' },
    ]);
  });

  it('that runs beside another one is measured against what the other has promoted', async () => {
    const results = await Promise.all([
      distill('left', [4], { champion: 'shared' }),
      distill('right', [5], { champion: 'shared' }),
    ]);
    const entries = await entriesOf('shared');
    expect(entries.map(({ entry, previous }) => [entry, previous])).toEqual([
      [1, null],
      [2, 1],
    ]);
    expect(entries[1]?.against).toEqual({
      entry: 1,
      sha256: entries[0]?.sha256,
      mAP: entries[0]?.mAP,
    });
    expect(results.map(({ promotion }) => promotion?.entry).sort()).toEqual([1, 2]);
  });

  it('is refused if eval has no labels, and reports agreement with the ensemble', async () => {
    const unlabelled = readFileSync(join(cluster.folder, corpus.eval), 'utf8').replaceAll(
      /,"labels":\[[^\]]*\]/g,
      '',
    );
    writeFileSync(join(cluster.folder, 'unlabelled.jsonl'), unlabelled);
    const result = await distill('unlabelled', [1], { corpus: { eval: 'unlabelled.jsonl' } });
    expect(result.students[0]).toMatchObject({
      mAP: null,
      agreement: { topMatch: expect.any(Number) as number },
    });
    expect(result.promotion).toMatchObject({ outcome: 'refused', entry: null });
    expect(await entriesOf('unlabelled')).toEqual([]);
  });

  /** Validation mAP of a model, as its training wrote it down. */
  function validationOf(sha256: string): number {
    const folder = join(cluster.folder, 'store/training');
    const manifests = readdirSync(folder).map(
      (key) => JSON.parse(readFileSync(join(folder, key, 'manifest.json'), 'utf8')) as TrainedModel,
    );
    return manifests.find((each) => each.sha256 === sha256)?.validationMAP ?? NaN;
  }
});
