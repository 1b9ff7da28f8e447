import { unchanged } from '../../workflows/unchanged';

describe('a firing that finds nothing new', () => {
  const split = { shards: 1, clips: 20, rejected: 0 };
  const plan = { splits: { train: split, validation: null, eval: split } };
  const earlier = {
    workflowId: 'nightly-1',
    workflowRunId: 'first',
    says: 'mini is champion 2: mini has mAP 0.312 on the clips where champion 1 has 0.301',
  };

  it('names the earlier firing, and the entry that stands', () => {
    const champion = { entry: 2, student: 'mini', mAP: 0.312 };
    expect(unchanged('nightly', plan, earlier, champion)).toMatchObject({
      run: 'nightly',
      outcome: 'unchanged',
      says:
        'nothing has changed: 40 clips, teachers and settings are those of nightly-1, where ' +
        `${earlier.says}; champion 2 stands: mini, mAP 0.312`,
    });
  });

  it('says after which rollback it stands', () => {
    const champion = { entry: 3, student: 'mini', mAP: 0.301, tookBack: 2 };
    expect(unchanged('nightly', plan, earlier, champion).says).toMatch(
      /champion 1 has 0\.301; champion 3 stands, after the rollback of 2: mini, mAP 0\.301$/,
    );
  });

  it('says nothing of a champion where there is none', () => {
    expect(unchanged('nightly', plan, earlier).says).toMatch(/where champion 1 has 0\.301$/);
  });
});
