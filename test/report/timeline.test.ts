import { joinAttempts } from '../../activities/publish/run-attempts';
import { busyMs, layOut, lengthMs, ticks } from '../../report/timeline';
import type { AttemptEnd, AttemptStart } from '../../activities/attempt-record';
import type { RunAttempt } from '../../report/run-attempt';

const started = (
  activity: string,
  activityId: string,
  attempt: number,
  startedMs: number,
  change: Partial<AttemptStart> = {},
): AttemptStart => ({
  formatVersion: 1,
  activity,
  activityId,
  attempt,
  taskQueue: activity === 'trainModel' || activity === 'scoreModel' ? 'ced-gpu' : 'ced-cpu',
  worker: '1@host',
  what: '',
  model: null,
  scheduledMs: startedMs - 5,
  startedMs,
  ...change,
});
const ended = (endedMs: number, change: Partial<AttemptEnd> = {}): AttemptEnd => ({
  formatVersion: 1,
  endedMs,
  outcome: 'done',
  failure: null,
  reused: false,
  ...change,
});
const run = {
  kind: 'distill' as const,
  ensemble: [{ name: 't', sha256: 'teacher', parameters: 1, weight: 1 }],
};

describe('attempts joined from what they left behind', () => {
  it('are lost until the next began if they have no end, and running if there is none', () => {
    const attempts = joinAttempts(
      [
        { start: started('trainModel', '7', 1, 1000), end: null },
        { start: started('trainModel', '7', 2, 5000), end: ended(9000) },
        { start: started('publishRun', '8', 1, 9100), end: null },
      ],
      run,
    );
    expect(attempts).toMatchObject([
      {
        activity: 'trainModel',
        attempt: 1,
        outcome: 'lost',
        startedMs: 1000,
        endedMs: 4995,
        gpu: true,
        stage: 'distill',
      },
      { activity: 'trainModel', attempt: 2, outcome: 'done', startedMs: 5000, endedMs: 9000 },
    ]);
  });

  it('belong to the gate when a teacher is scored, and to the evaluation when a student is', () => {
    const score = (model: string): RunAttempt[] =>
      joinAttempts([{ start: started('scoreModel', model, 1, 0, { model }), end: ended(1) }], run);
    expect([...score('teacher'), ...score('student')].map(({ stage }) => stage)).toEqual([
      'gate',
      'evaluate',
    ]);
  });
});

describe('a timeline', () => {
  const attempts = joinAttempts(
    [
      { start: started('ingestShard', '1', 1, 0, { scheduledMs: 0 }), end: ended(100) },
      { start: started('ingestShard', '2', 1, 50), end: ended(120) },
      { start: started('ingestShard', '3', 1, 100), end: ended(200) },
      {
        start: started('trainModel', '4', 1, 300),
        end: ended(400, { outcome: 'failed', failure: 'EngineLost: gone' }),
      },
      { start: started('trainModel', '4', 2, 600), end: ended(1000) },
    ],
    run,
  );
  const timeline = layOut(attempts)!;

  it('puts what overlaps into lanes of its own, and what follows into the same', () => {
    const ingest = timeline.stages.find(({ stage }) => stage === 'download');
    expect(
      ingest?.lanes.map((lane) => lane.map(({ attempts: [first] }) => first?.activityId)),
    ).toEqual([['1', '3'], ['2']]);
  });

  it('shows the waiting between two attempts', () => {
    const distill = timeline.stages.find(({ stage }) => stage === 'distill');
    expect(distill?.lanes).toHaveLength(1);
    expect(distill?.lanes[0]?.map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
      ['failed', 300, 400],
      ['waiting', 400, 600],
      ['done', 600, 1000],
    ]);
  });

  it('counts the time in which nothing was in work, and in which a GPU was not', () => {
    expect(timeline.idle).toEqual([
      { fromMs: 200, toMs: 300 },
      { fromMs: 400, toMs: 600 },
    ]);
    expect(lengthMs(timeline.gpuIdle)).toBe(200);
  });

  it('draws twenty thousand short activities with few marks, and loses none', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => ({
      start: started('ingestShard', String(at), 1, at * 10),
      end: ended(at * 10 + 9),
    }));
    const lanes = layOut(joinAttempts(many, run))!.stages.flatMap((stage) => stage.lanes);
    const marks = lanes.flat();
    expect(marks.length).toBeLessThan(2000);
    expect(marks.reduce((sum, mark) => sum + mark.attempts.length, 0)).toBe(20_000);
  });

  it('counts the time of more activities than a call takes arguments', () => {
    const many = Array.from({ length: 300_000 }, (_, at) => ({
      ...{ startedMs: at * 10, endedMs: at * 10 + 9 },
    }));
    expect(busyMs(many)).toBe(300_000 * 9);
  });

  it('has round moments on its axis, eight at most', () => {
    expect(ticks(420_000).map((ms) => ms / 1000)).toEqual([0, 60, 120, 180, 240, 300, 360, 420]);
    for (const spanMs of [1, 900, 61_000, 7e6, 3e8, 5e9])
      expect(ticks(spanMs).length).toBeLessThanOrEqual(9);
  });
});
