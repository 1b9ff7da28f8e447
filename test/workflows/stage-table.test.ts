import type { RunStatus, StageStatus } from '../../workflows/contract/status';
import { stageTable } from '../../workflows/stage-table';

function stage(name: StageStatus['name'], state: StageStatus['state']): StageStatus {
  return { name, state, unit: 'shards', done: 3, total: 9, seconds: 61.7 };
}

describe('the stages of a run in Markdown', () => {
  const status: RunStatus = {
    run: 'mine',
    state: 'running',
    stages: [stage('plan', 'done'), stage('logits', 'running'), stage('distill', 'waiting')],
    epochs: {},
    scores: {},
    failures: [],
  };

  it('have a row each, with what is known of it', () => {
    expect(stageTable(status)).toBe(
      [
        '| stage | state | done | seconds |',
        '| --- | --- | --- | --- |',
        '| plan | done | 3 of 9 shards | 62 |',
        '| logits | running | 3 of 9 shards |  |',
        '| distill | waiting |  |  |',
      ].join('\n'),
    );
  });

  it('say that the run is paused, and the last epoch of each model', () => {
    const epoch = { student: 'mini', epoch: 4, step: 100, mAP: 0.25, loss: 0.1 };
    const told = stageTable({ ...status, state: 'paused', epochs: { mini: epoch as never } });
    expect(told).toMatch(/^\*\*paused\*\*\n/);
    expect(told).toMatch(/\n- mini: epoch 4, mAP 0\.250$/);
  });

  it('tell after each rung which students go on', () => {
    const students = [
      { name: 'a', mAP: 0.1, goesOn: false },
      { name: 'b', mAP: 0.2, goesOn: true },
    ];
    expect(stageTable({ ...status, halving: [{ epoch: 4, students }] })).toMatch(
      /\n\n- after epoch 4 go on: b; end: a$/,
    );
  });
});
