import { TeacherWatch } from '../../cli/run/teacher-watch';
import type { PendingActivity } from '../../cli/run/run-view';
import { timeOfDay } from '../../cli/quantities';

const noon = Date.UTC(2026, 0, 5, 12);

function shard(number: number, fields: Partial<PendingActivity> = {}): PendingActivity {
  return {
    id: `beats: train shard ${number}, call ${number + 1}`,
    ...{ type: 'predictShard', attempt: 1, started: true, progress: null, lastFailure: null },
    ...{ queue: 'teacher-beats', worker: '42@gpu', lastSignMs: noon },
    ...fields,
  };
}

describe('the watch over the workers of a teacher', () => {
  let nowMs = 0;
  let watch: TeacherWatch;
  beforeEach(() => {
    nowMs = 0;
    watch = new TeacherWatch(() => nowMs);
  });
  /** What it says after these seconds in which the activities are seen to be so. */
  const after = (seconds: number, ...pending: PendingActivity[]): string[] => {
    watch.withAlerts(pending);
    nowMs += seconds * 1000;
    return watch.withAlerts(pending).flatMap(({ alert }) => alert ?? []);
  };

  it('names the worker whose heartbeats no longer come, and the remedy', () => {
    expect(after(11, shard(3))).toEqual([]);
    expect(after(1, shard(3))).toEqual([
      `teacher beats: no heartbeat of 42@gpu since ${timeOfDay(noon)}. After 60 s train shard 3 ` +
        'goes to another worker on teacher-beats; start one if this has ended',
    ]);
    expect(after(0, shard(3, { lastSignMs: noon + 14_000 }))).toEqual([]);
  });

  it('says that no worker takes the shards of a teacher', () => {
    const waiting = (number: number): PendingActivity =>
      shard(number, { started: false, attempt: 2, worker: '42@gpu', lastSignMs: noon });
    expect(after(4, waiting(3), waiting(4))).toEqual([]);
    expect(after(1, waiting(3), waiting(4))).toEqual([
      'teacher beats: no worker on task queue teacher-beats takes train shard 3 and 1 more: ' +
        'start one, or wait where all are busy with another run',
    ]);
  });

  it('says nothing while another shard is in work, or an attempt is due later', () => {
    expect(after(11, shard(3), shard(4, { started: false }))).toEqual([]);
    expect(after(60, shard(5, { started: false, nextAttemptMs: noon }))).toEqual([]);
  });

  it('leaves our own activities, and what the run itself tells, alone', () => {
    const own = shard(0, { id: '17', type: 'computeLogits' });
    const description = shard(0, { id: 'beats: description, call 1', started: false });
    expect(after(600, own, description)).toEqual([]);
  });
});
