import type { RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { runsOf } from '../support/run-chain';
import { statusOf } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/** A server that finds histories long after few events: the run goes on as a new one in between. */
describe('a sweep of students with halving', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let teacher: object;

  beforeAll(async () => {
    cluster = await Cluster.start({
      dynamicConfig: ['limit.historyCount.suggestContinueAsNew=60'],
    });
    corpus = writeToneCorpus(cluster.folder, { train: 24, validation: 12, eval: 12 });
    teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('cpu');
    await cluster.worker('gpu');
    await cluster.worker('gpu');
  });
  afterAll(async () => cluster?.stop());

  const student = {
    name: 's',
    model: { embedDim: 16, depth: 1, heads: 2 },
    epochs: 6,
    batchSize: 8,
    learningRate: 3e-3,
    warmupSteps: 2,
    mixup: 0,
    validateEvery: 1,
    averageBest: 2,
  };
  const start = async (name: string, students: object[], rest: object = {}) =>
    await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [
        {
          name,
          store: `store-${name}`,
          corpus: { ...corpus, clipsPerShard: 16 },
          teachers: [teacher],
          logits: { views: 2, topK: 3, chunkSeconds: 1 },
          students,
          ...rest,
        },
      ],
    });

  it('trains fewer at each rung, and the last to the bytes of an undivided training', async () => {
    const sweep = { embedDim: [8, 16], depth: [1, 2] };
    const handle = await start('swept', [{ ...student, sweep }], {
      halving: { rungs: [2, 4], eta: 2 },
    });
    const { students, halving = [] } = (await handle.result()) as RunResult;
    const chain = await runsOf(cluster, 'swept', handle.firstExecutionRunId);
    expect(chain.length).toBeGreaterThan(1);
    for (const [at, run] of chain.entries())
      await recordHistory(run.handle, `distill-halved-${at}`);
    expect(students.map(({ name }) => name)).toEqual([
      's-dim8-depth1',
      's-dim8-depth2',
      's-dim16-depth1',
      's-dim16-depth2',
    ]);
    expect(halving.map((rung) => [rung.epoch, rung.students.length])).toEqual([
      [2, 4],
      [4, 2],
    ]);
    for (const { students: contestants } of halving) {
      const worst = Math.min(...contestants.flatMap(({ goesOn, mAP }) => (goesOn ? mAP! : [])));
      for (const { goesOn, mAP } of contestants)
        if (!goesOn) expect(mAP!).toBeLessThanOrEqual(worst);
    }
    const { stages, epochs, halving: told } = await statusOf(handle);
    expect(told).toEqual(halving);
    expect(stages.find(({ name }) => name === 'distill')).toMatchObject({ done: 4, total: 4 });
    const lastRung = new Map(
      halving.flatMap((rung) => rung.students.map(({ name }) => [name, rung.epoch] as const)),
    );
    const winner = halving.at(-1)!.students.find(({ goesOn }) => goesOn)!.name;
    for (const { name } of students)
      expect(epochs[name]?.epoch).toBe(name === winner ? 6 : lastRung.get(name));

    const [, width, depth] = /dim(\d+)-depth(\d+)/.exec(winner)!.map(Number);
    const alone = { ...student, model: { ...student.model, embedDim: width, depth } };
    const undivided = (await (await start('alone', [alone])).result()) as RunResult;
    expect(students.find(({ name }) => name === winner)?.sha256).toBe(
      undivided.students[0]?.sha256,
    );
  });
});
