import { timeOfDay } from '../../cli/quantities';
import { LiveDisplay } from '../../cli/run/live-display';
import { liveLines } from '../../cli/run/live-lines';
import type { PendingActivity, RunView } from '../../cli/run/run-view';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import { recordScore } from '../../workflows/contract/model-scores';
import type { RunStatus, StageName, StageStatus } from '../../workflows/contract/status';

function stage(name: StageName, fields: Partial<StageStatus> = {}): StageStatus {
  return { name, state: 'waiting', unit: 'shards', done: 0, total: 0, seconds: 0, ...fields };
}

function status(stages: StageStatus[], fields: Partial<RunStatus> = {}): RunStatus {
  return { run: 'demo', state: 'running', stages, epochs: {}, scores: {}, failures: [], ...fields };
}

function activity(
  type: string,
  progress: LiveProgress | null,
  fields: Partial<PendingActivity> = {},
): PendingActivity {
  return { id: '1', type, attempt: 1, started: true, progress, lastFailure: null, ...fields };
}

function textOf(view: RunView, name: StageName): string {
  const line = liveLines(view).find((each) => each.stage === name);
  if (!line) throw new Error(`no line for ${name}`);
  return line.text.replace(/ +/g, ' ');
}

const rows = (done: number, perSecond: number): LiveProgress => ({
  unit: 'rows',
  done,
  total: 4096,
  perSecond,
  etaSeconds: null,
});

function written(this: { text: string }, text: string): void {
  this.text += text;
}

describe('live lines', () => {
  it('show one line a stage, in order', () => {
    const lines = liveLines({
      status: status([
        stage('plan', { state: 'done', done: 1, total: 1, unit: 'tables', seconds: 3 }),
        stage('logits'),
      ]),
      pending: [],
    });
    expect(lines.map(({ text }) => text.replace(/ +/g, ' '))).toEqual([
      'plan 1/1 tables done in 0:03',
      'logits waiting',
    ]);
  });

  it('sum the activities of a stage, and estimate those that have not begun', () => {
    const view = {
      status: status([stage('logits', { state: 'running', done: 2, total: 6 })]),
      pending: [
        activity('computeLogits', rows(1024, 50)),
        activity('computeLogits', rows(3072, 14)),
      ],
    };
    // 4,096 rows in work are left and two shards of 4,096 have not begun: 12,288 rows at 64 a
    // second.
    expect(textOf(view, 'logits')).toBe('logits 2/6 shards ETA 3:12 4,096/8,192 rows 64.0 rows/s');
  });

  it('show loss, epoch and the last mAP while a student trains', () => {
    const steps = {
      unit: 'steps',
      done: 400,
      total: 3008,
      perSecond: 4,
      etaSeconds: 652,
      loss: 0.08321,
      mAP: null,
      epoch: 2,
    };
    const epochs = {
      piccolo: { student: 'piccolo', epoch: 2, epochs: 16, step: 376, loss: 0.09, mAP: 0.2141 },
    };
    const view = {
      status: status([stage('distill', { state: 'running', total: 1, unit: 'students' })], {
        epochs,
      }),
      pending: [activity('trainModel', steps)],
    };
    expect(textOf(view, 'distill')).toBe(
      'distill 0/1 students ETA 10:52 mAP 0.214 400/3,008 steps epoch 2/16 loss 0.0832 ' +
        '4.00 steps/s',
    );
    const screen = { isTTY: true, columns: 80, rows: 24, text: '', write: written };
    new LiveDisplay(screen, () => 0).show(liveLines(view));
    expect(screen.text).toMatch(/^distill .* ETA 10:52 {2}mAP 0\.214 {2}400\/3,008 steps .*…\n$/);
  });

  it('show how many workers train a model together, and how fast each of them', () => {
    const steps = {
      ...{ unit: 'steps', done: 400, total: 3008, perSecond: 4, etaSeconds: 652 },
      ...{ loss: 0.08321, epoch: 2, group: { generation: 3, members: 4 } },
    };
    const view = {
      status: status([stage('distill', { state: 'running', total: 1, unit: 'students' })]),
      pending: [
        activity('trainModel', steps),
        activity('joinTraining', { ...steps, perSecond: 3.9 }),
        activity('joinTraining', { ...steps, perSecond: 4.1 }),
        // Of the generation before, and one that waits for a worker.
        activity('joinTraining', { ...steps, group: { generation: 2, members: 4 } }),
        activity('joinTraining', steps, { started: false }),
      ],
    };
    expect(textOf(view, 'distill')).toBe(
      'distill 0/1 students ETA 10:52 400/3,008 steps epoch 2 loss 0.0832 ' +
        '4 workers, generation 3 members 3.90, 4.10 steps/s 4.00 steps/s',
    );
  });

  it('show how many students are left after a rung', () => {
    const students = ['a', 'b', 'c'].map((name) => ({ name, mAP: 0.1, goesOn: name === 'a' }));
    const view = {
      status: status(
        [stage('distill', { state: 'running', done: 2, total: 3, unit: 'students' })],
        {
          halving: [{ epoch: 4, students }],
        },
      ),
      pending: [],
    };
    expect(textOf(view, 'distill')).toMatch(/^distill 2\/3 students 1 of 3 left after epoch 4/);
  });

  it('show the last divergence from the ensemble where validation has no labels', () => {
    const steps = {
      ...{ unit: 'steps', done: 400, total: 3008, perSecond: 4, etaSeconds: 652 },
      ...{ loss: 0.08321, mAP: null, epoch: 2 },
    };
    const last = { student: 'piccolo', epoch: 2, epochs: 16, step: 376, loss: 0.09, mAP: null };
    const distill = stage('distill', { state: 'running', total: 1, unit: 'students' });
    const epochs = { piccolo: { ...last, divergence: 0.0123456 } };
    const textWhile = (progress: LiveProgress): string =>
      textOf(
        { status: status([distill], { epochs }), pending: [activity('trainModel', progress)] },
        'distill',
      );
    expect(textWhile(steps)).toMatch(/ETA 10:52 divergence 0.0123 .* loss 0.0832/);
    expect(textWhile({ ...steps, divergence: 0.01 })).toContain('ETA 10:52 divergence 0.0100');
    const done = { ...distill, state: 'done' as const, done: 1, seconds: 9 };
    expect(textOf({ status: status([done], { epochs }), pending: [] }, 'distill')).toContain(
      'piccolo: 2 epochs, loss 0.0900, divergence 0.0123',
    );
  });

  it('do not show the mAP of the model trained before', () => {
    const steps = {
      unit: 'steps',
      done: 4,
      total: 100,
      perSecond: 4,
      etaSeconds: 24,
      loss: 0.2,
      mAP: null,
      epoch: 0,
    };
    const epochs = {
      alto: { student: 'alto', epoch: 16, epochs: 16, step: 100, loss: 0.05, mAP: 0.3 },
    };
    const teach = stage('teach', { state: 'running', done: 1, total: 2, unit: 'teachers' });
    expect(
      textOf(
        { status: status([teach], { epochs }), pending: [activity('trainModel', steps)] },
        'teach',
      ),
    ).not.toMatch(/mAP|\/16/);
  });

  it('give no time to go for the whole while a student is validated', () => {
    const clips = {
      unit: 'clips',
      done: 100,
      total: 400,
      perSecond: 50,
      etaSeconds: 6,
      phase: 'validating',
    };
    const view = {
      status: status([stage('distill', { state: 'running', total: 1, unit: 'students' })]),
      pending: [activity('trainModel', clips)],
    };
    expect(textOf(view, 'distill')).toBe(
      'distill 0/1 students 100/400 clips 50.0 clips/s validating',
    );
  });

  it('put scoring at the stage that is running', () => {
    const clips = { unit: 'clips', done: 8, total: 800, perSecond: 10, etaSeconds: 79 };
    const view = {
      status: status([
        stage('gate', { state: 'done', done: 6, total: 6, unit: 'models' }),
        stage('evaluate', { state: 'running', total: 1, unit: 'models' }),
      ]),
      pending: [activity('scoreModel', clips)],
    };
    expect(textOf(view, 'gate')).not.toContain('clips');
    expect(textOf(view, 'evaluate')).toContain('8/800 clips');
  });

  it('end the gate with the teachers and the evaluation with the student', () => {
    const epochs = {
      piccolo: { student: 'piccolo', epoch: 16, epochs: 16, step: 3008, loss: 0.05, mAP: 0.3 },
    };
    const stages = [
      stage('gate', { state: 'done', done: 6, total: 6 }),
      stage('evaluate', { state: 'done', done: 1, total: 1 }),
    ];
    const view = {
      status: status(stages, { epochs, scores: { alto: 0.3512, piccolo: 0.2999 } }),
      pending: [],
    };
    expect(textOf(view, 'gate')).toMatch(/alto 0\.351$/);
    expect(textOf(view, 'evaluate')).toMatch(/piccolo 0\.300$/);
  });

  it('tell a teacher and a student of one name apart', () => {
    const epochs = {
      alto: { student: 'alto', epoch: 16, epochs: 16, step: 3008, loss: 0.05, mAP: 0.3 },
    };
    const scored = status(
      [
        stage('gate', { state: 'done', done: 6, total: 6 }),
        stage('evaluate', { state: 'done', done: 1, total: 1 }),
      ],
      { epochs },
    );
    recordScore(scored, 'teacher', 'alto', 0.3512);
    recordScore(scored, 'student', 'alto', 0.2999);
    expect(scored.scores).toEqual({ 'teacher alto': 0.3512, 'student alto': 0.2999 });
    const view = { status: scored, pending: [] };
    expect(textOf(view, 'gate')).toMatch(/ alto 0\.351$/);
    expect(textOf(view, 'evaluate')).toMatch(/ alto 0\.300$/);
  });

  it('say what an activity waits for', () => {
    const logits = status([stage('logits', { state: 'running', total: 6 })]);
    expect(
      textOf(
        { status: logits, pending: [activity('computeLogits', null, { started: false })] },
        'logits',
      ),
    ).toContain('waiting for a worker');
    expect(
      textOf({ status: logits, pending: [activity('computeLogits', null)] }, 'logits'),
    ).toContain('starting');
    expect(textOf({ status: { ...logits, state: 'paused' }, pending: [] }, 'logits')).toContain(
      'paused',
    );
  });

  it('name teacher, shard, attempt, error, next attempt and log of a worker that fails', () => {
    const nextAttemptMs = Date.UTC(2026, 0, 5, 12, 0, 9);
    const failed = (shard: number, fields: Partial<PendingActivity>): PendingActivity =>
      activity('predictShard', null, {
        id: `beats: train shard ${shard}, call ${shard}`,
        lastFailure: 'PredictFailed: ValueError: no such\nclass (beats.py, line 12)',
        ...{ started: false, worker: '42@gpu', ...fields },
      });
    const logits = status([stage('logits', { state: 'running', total: 6 })]);
    const [waiting] = liveLines({
      status: logits,
      pending: [failed(1, { attempt: 2 }), failed(3, { attempt: 4, nextAttemptMs })],
    });
    expect(waiting?.retries).toEqual([
      'teacher beats, train shard 3: attempt 3 failed (and 1 more of its shards): ' +
        'PredictFailed: ValueError: no such class (beats.py, line 12)',
      `attempt 4 at ${timeOfDay(nextAttemptMs)}; log: standard error of 42@gpu`,
    ]);
    const [again] = liveLines({
      status: logits,
      pending: [failed(3, { attempt: 4, started: true })],
    });
    expect(again?.retries).toEqual([expect.stringContaining('train shard 3: attempt 3 failed: ')]);
  });

  it('put a shard of a teacher, and what is wrong with its worker, at its stage', () => {
    const pending = [
      activity('predictShard', rows(1024, 50), { id: 'beats: train shard 0, call 9' }),
      activity('predictShard', null, { id: 'beats: probe clips, call 2', alert: 'no heartbeat' }),
    ];
    const lines = liveLines({
      status: status([
        stage('plan'),
        stage('gate'),
        stage('logits', { state: 'running', total: 2 }),
      ]),
      pending,
    });
    expect(lines.map(({ alerts }) => alerts)).toEqual([['no heartbeat'], [], []]);
    expect(lines[2]?.text).toContain('1,024/4,096 rows');
    // The status may be older than the activities.
    const failed = activity('predictShard', null, {
      ...{ id: 'beats: train shard 0, call 9', attempt: 2, lastFailure: 'it fell' },
    });
    const stale = status([stage('gate', { state: 'running', total: 2 }), stage('logits')]);
    const retries = liveLines({ status: stale, pending: [failed] }).map((each) => each.retries);
    expect(retries).toEqual([[], [expect.stringContaining('it fell')]]);
  });

  it('keep the rows of a worker that is silent or gone, without a rate and a time to go', () => {
    const logits = status([stage('logits', { state: 'running', total: 2 })]);
    const textWith = (fields: Partial<PendingActivity>, ...others: PendingActivity[]): string =>
      textOf(
        { status: logits, pending: [activity('predictShard', rows(1024, 50), fields), ...others] },
        'logits',
      );
    expect(textWith({})).toContain('ETA 2:23 1,024/4,096 rows 50.0 rows/s');
    const rowsAlone = /^logits 0\/2 shards 1,024\/4,096 rows$/;
    expect(textWith({ alert: 'no heartbeat' })).toMatch(rowsAlone);
    expect(textWith({ started: false, attempt: 2 })).toMatch(rowsAlone);
    // The rate of those that are at work stays: 3,072 and 1,024 rows are left.
    expect(
      textWith({ alert: 'no heartbeat' }, activity('predictShard', rows(3072, 64), { id: '2' })),
    ).toContain('ETA 1:04 4,096/8,192 rows 64.0 rows/s');
  });

  it('show what workers of teachers are asked before the plan begins', () => {
    const textWhile = (...pending: PendingActivity[]): string =>
      textOf({ status: status([stage('plan'), stage('gate')]), pending }, 'plan');
    const called = (asked: string, progress: LiveProgress | null, started = true) =>
      activity('predictShard', progress, { id: `beats: ${asked}, call 1`, started });
    const probe = { ...rows(5, 0.5), total: 15 };
    expect(textWhile(called('description', null, false))).toBe(
      'plan teacher beats, description waiting for a worker',
    );
    const [line] = liveLines({
      status: status([stage('plan')]),
      pending: [called('probe clips', probe)],
    });
    expect(line?.state).toBe('running');
    expect(textWhile(called('probe clips', probe))).toBe(
      'plan teacher beats, probe clips ETA 0:20 5/15 rows 0.50 rows/s',
    );
    expect(textWhile(called('probe clips', probe), called('probe clips', null))).toBe(
      'plan teacher beats, probe clips ETA 0:20 5/15 rows 0.50 rows/s ' +
        'teacher beats, probe clips starting',
    );
  });

  it('name the failure of an activity that is tried again, in one line', () => {
    const failing = activity('computeLogits', null, {
      attempt: 3,
      started: false,
      lastFailure: "EngineLost: the engine's process ended\n(SIGKILL)",
    });
    const [line] = liveLines({
      status: status([stage('logits', { state: 'running', total: 6 })]),
      pending: [failing],
    });
    expect(line?.retries).toEqual([
      "computeLogits, attempt 3, after EngineLost: the engine's process ended (SIGKILL)",
    ]);
  });
});
