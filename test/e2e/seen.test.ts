import { execFile, execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../infra/free-port';
import { pythonWithMonitors, repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';
import { documentedOutput } from '../support/documented-output';

/**
 * What one real run shows of itself while it goes on and afterwards, each looked at by a program
 * that is not ours.
 */
describe('a run as it can be seen', () => {
  const STUDENTS = ['narrow', 'wide'];
  /** So many that a training outlasts a few heartbeats. */
  const EPOCHS = 400;
  let cluster: Cluster;
  let worker: ChildProcess;
  let scrapes: string[];
  let watched: string;
  let watchedOnTerminal: string;
  let result: RunResult;

  beforeAll(async () => {
    cluster = await Cluster.start();
    const corpus = writeToneCorpus(cluster.folder, { train: 60, validation: 12, eval: 12 });
    const teachers = [1, 2].map((seed) =>
      writeUntrainedTeacher(cluster.folder, corpus.vocabulary, seed),
    );
    const student = {
      epochs: EPOCHS,
      batchSize: 4,
      warmupSteps: 4,
      mixup: 0,
      validateEvery: 5,
      earlyStop: 0,
      checkpointSeconds: 1,
    };
    const run = {
      name: 'seen',
      store: 'store',
      corpus: { ...corpus, clipsPerShard: 20 },
      teachers,
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: STUDENTS.map((name, index) => ({
        name,
        model: { embedDim: 32 * (index + 1), depth: 1, heads: 2 },
        ...student,
      })),
    };
    const metrics = `127.0.0.1:${await freePort()}`;
    const options = {
      environment: { PLANTED: 'hunter2-planted' },
      options: ['--metrics', metrics, '--log', 'json'],
    };
    worker = await cluster.worker('all', options);
    const handle = await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: 'seen',
      args: [run],
    });
    const watching = ced(['watch', 'seen', '--address', cluster.address]);
    const command =
      `stty cols 120; ${process.execPath} --no-warnings ` +
      `${join(repositoryRoot, 'dist/cli/main.js')} watch seen --address ${cluster.address}`;
    const watchingOnTerminal = promisify(execFile)('script', ['-qec', command, '/dev/null']);
    scrapes = [];
    let over = false;
    const ended = (handle.result() as Promise<RunResult>).finally(() => (over = true));
    // In the middle of training the worker is killed: the timeline has an attempt to show that
    // nobody ended.
    const killed = killedInTraining(cluster.folder, worker).then(() =>
      cluster.worker('all', options),
    );
    while (!over) {
      scrapes.push(
        await fetch(`http://${metrics}/metrics`).then(
          (answer) => answer.text(),
          () => '',
        ),
      );
      await Promise.race([ended, sleep(300)]);
    }
    await killed;
    result = await ended;
    watched = await watching;
    watchedOnTerminal = (await watchingOnTerminal).stdout;
  });

  afterAll(async () => cluster?.stop());

  const runFolder = (): string => {
    const folder = join(cluster.folder, 'store/runs/seen');
    return join(
      folder,
      readdirSync(folder).find((name) => existsSync(join(folder, name, 'result.json'))) ?? '',
    );
  };

  it('serves gauges of its engine beside Temporal’s own, in a form that Prometheus reads', () => {
    const script = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, s.name, s.labels, s.value]
    for text in json.load(sys.stdin) for f in parse(text) for s in f.samples]))`;
    const output = execFileSync(pythonWithMonitors(), ['-c', script], {
      input: JSON.stringify(scrapes.filter(Boolean)),
      encoding: 'utf8',
      maxBuffer: 1e9,
    });
    const samples = JSON.parse(output) as [
      string,
      string,
      string,
      Record<string, string>,
      number,
    ][];
    const valuesOf = (name: string, labels: Record<string, string> = {}): number[] =>
      samples
        .filter(
          ([, , sample, own]) =>
            sample === name &&
            Object.entries(labels).every(([label, value]) => own[label] === value),
        )
        .map(([, , , , value]) => value);
    for (const model of STUDENTS) {
      const labels = { job: 'train', model };
      for (const name of ['ced_clips_per_second', 'ced_step_milliseconds', 'ced_loss', 'ced_epoch'])
        expect([name, Math.max(...valuesOf(name, labels))]).toEqual([name, expect.any(Number)]);
      expect(Math.max(...valuesOf('ced_step_milliseconds', labels))).toBeGreaterThan(0);
      expect(Math.max(...valuesOf('ced_clips_per_second', labels))).toBeGreaterThan(0);
      expect(Math.max(...valuesOf('ced_progress_ratio', labels))).toBeLessThanOrEqual(1);
      for (const share of valuesOf('ced_data_wait_ratio', labels)) expect(share).toBeLessThan(1);
    }
    expect(Math.max(...valuesOf('ced_engine_memory_bytes'))).toBeGreaterThan(5e7);
    expect(Math.max(...valuesOf('ced_jobs_total', { job: 'logits', outcome: 'done' }))).toBe(3);
    // What the dashboard asks for is what is served.
    const served = new Set(samples.map(([, , sample]) => sample));
    const dashboard = readFileSync(
      join(repositoryRoot, 'infra/grafana/ced-distillation.json'),
      'utf8',
    );
    const asked = [...dashboard.matchAll(/\b(?:ced|temporal)_[a-z_]+/g)].map(([name]) => name);
    // This machine has no GPU, and the run's validation has labels.
    const absent = ['ced_gpu_memory_bytes', 'ced_validation_divergence'];
    expect(asked.filter((name) => !absent.includes(name) && !served.has(name))).toEqual([]);
  });

  it('logs JSON that names workflow, run, activity and attempt, and no secret', () => {
    const text = readFileSync(join(cluster.folder, 'worker-all.log'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const attempts = lines.filter(
      ({ msg, activityType }) => msg === 'activity began' && activityType === 'trainModel',
    );
    // Where the second attempt comes, before or after the other student's, is the server's choice.
    expect(
      attempts.map(({ what, attempt, workflowId }) => [what, attempt, workflowId]).sort(),
    ).toEqual([
      ['narrow', 1, 'seen'],
      ['narrow', 2, 'seen'],
      ['wide', 1, 'seen'],
    ]);
    for (const line of attempts)
      expect(line).toMatchObject({
        level: 'info',
        workflowRunId: expect.any(String),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      });
    expect(text).not.toMatch(/hunter2|taskToken/i);
  });

  it('writes event files that TensorBoard opens, and the same numbers as JSON', () => {
    for (const student of STUDENTS) {
      const lines = readFileSync(join(runFolder(), `metrics/${student}.jsonl`), 'utf8')
        .trimEnd()
        .split('\n')
        .map(
          (line) =>
            JSON.parse(line) as { step: number; loss: number; lr?: number; mAP?: number | null },
        );
      const steps = lines.filter(({ lr }) => lr !== undefined);
      const epochs = lines.filter(({ lr }) => lr === undefined);
      expect(epochs).toHaveLength(EPOCHS);
      const expected = {
        'loss/step': steps.map(({ step, loss }) => [step, Math.fround(loss)]),
        learning_rate: steps.map(({ step, lr }) => [step, Math.fround(lr ?? 0)]),
        'loss/epoch': epochs.map(({ step, loss }) => [step, Math.fround(loss)]),
        'mAP/validation': epochs.flatMap(({ step, mAP }) =>
          mAP == null ? [] : [[step, Math.fround(mAP)]],
        ),
      };
      expect(scalars(join(runFolder(), 'tensorboard', student))).toEqual(expected);
    }
    // What can be watched while it trains: one file a checkpoint. What was trained twice, because
    // its checkpoint was not whole yet, says the same twice.
    const live = readdirSync(join(cluster.folder, 'store/training')).map((key) =>
      join(cluster.folder, 'store/training', key, 'tensorboard'),
    );
    for (const folder of live) {
      const { 'loss/epoch': epochs } = scalars(folder);
      expect(new Set(epochs?.map(([step, loss]) => `${step} ${loss}`)).size).toBe(EPOCHS);
    }
  });

  it('tells in its report of the attempt that was lost, and of every other', () => {
    const report = readFileSync(join(runFolder(), 'report.html'), 'utf8');
    expect(report).toMatch(/\d+ activities in \d+ attempts on 2 workers \(1 lost\)/);
    expect(report).toMatch(/title="trainModel narrow[^"]*: lost with its process/);
    expect(report).toMatch(/title="trainModel narrow, attempt 2: done/);
    expect(report).toMatch(/title="trainModel wide: done/);
    expect(report.match(/data:audio\/wav;base64,/g)).toHaveLength(10);
  });

  it('is watched line by line where there is no terminal, and again after its end', async () => {
    for (const output of [watched, await ced(['watch', 'seen', '--address', cluster.address])]) {
      for (const stage of ['plan', 'download', 'gate', 'logits', 'distill', 'evaluate', 'publish'])
        expect(output).toMatch(new RegExp(`^${stage} .* done in`, 'm'));
      for (const student of STUDENTS) expect(output).toContain(student);
      expect(output).not.toContain('\x1b');
    }
    expect(watched).toMatch(/retry: trainModel, attempt 2/);
    expect(
      documentedOutput('run', await ced(['watch', 'seen', '--address', cluster.address, '--json'])),
    ).toEqual(result);
  });

  it('is redrawn in place on a terminal', () => {
    const screens = watchedOnTerminal.split('\x1b[0J');
    expect(screens.length).toBeGreaterThan(3);
    expect(screens.at(-1)).toMatch(/publish .* done in[^]*student narrow[^]*student wide/);
    expect(watchedOnTerminal).toMatch(/ETA \d+:\d\d .*epoch \d+\/400 {2}loss \d\.\d{4}/);
  });
});

/** Every scalar in a folder, as TensorBoard's own reader sees it. */
function scalars(folder: string): Record<string, [number, number][]> {
  const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)]
    for tag in events.Tags()["scalars"]}))`;
  return JSON.parse(
    execFileSync(pythonWithMonitors(), ['-c', script, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as never;
}

async function ced(args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    join(repositoryRoot, 'dist/cli/main.js'),
    ...args,
  ]);
  return stdout;
}

/** SIGKILL as soon as the first student has a checkpoint. */
async function killedInTraining(folder: string, worker: ChildProcess): Promise<void> {
  const training = join(folder, 'store/training');
  const begun = (): boolean =>
    existsSync(training) &&
    readdirSync(training).some((key) => existsSync(join(training, key, 'metrics')));
  while (!begun()) await sleep(50);
  await kill(worker);
}
