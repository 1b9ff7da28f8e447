import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot, temporalBinary } from '../../infra/toolchain';
import type { RunStatus } from '../../workflows/contract/status';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/** The commands of the page in its order, one a line but for lines that a backslash continues. */
const page = readFileSync(join(repositoryRoot, 'docs/operate.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) =>
  (block ?? '')
    .trim()
    .replaceAll(/\\\n */g, '')
    .split('\n'),
);

interface Expectation {
  /** What has to be so before the command makes sense. */
  when?: () => Promise<unknown>;
  /** Its output, both streams. */
  prints: RegExp;
  /** What becomes of it. */
  then?: () => Promise<unknown>;
}

describe('docs/operate.md', () => {
  let cluster: Cluster;
  const CLIPS = { train: 24, validation: 12, eval: 12 };

  const status = () => cluster.client.workflow.getHandle('mine').query<RunStatus>('status');
  const epoch = async (): Promise<number> => (await status()).epochs['student']?.epoch ?? 0;
  const state = async (): Promise<string> =>
    (await cluster.client.workflow.getHandle('mine').describe()).status.name;
  const pending = async () =>
    (await cluster.client.workflow.getHandle('mine').describe()).raw.pendingActivities ?? [];
  const schedule = () => cluster.client.schedule.getHandle('nightly').describe();
  /** How each firing so far ended. */
  const firings = async (): Promise<string[]> => {
    const outcomes: string[] = [];
    for await (const { workflowId, status: each } of cluster.client.workflow.list({
      query: "WorkflowType = 'retrain'",
    })) {
      if (each.name !== 'COMPLETED') continue;
      const result = (await cluster.client.workflow.getHandle(workflowId).result()) as {
        outcome?: string;
        promotion?: { outcome: string };
      };
      outcomes.push(result.outcome ?? result.promotion?.outcome ?? 'none');
    }
    return outcomes.sort();
  };
  const until = async (reached: () => Promise<boolean>): Promise<void> => {
    while (!(await reached().catch(() => false))) await sleep(100);
  };

  const expectations: [command: RegExp, Expectation][] = [
    [/workflow start --type distill/, { prints: /WorkflowId\s+mine/ }],
    [
      /workflow describe/,
      { when: () => until(async () => (await epoch()) > 0), prints: /Pending Activities: 1\b/ },
    ],
    [
      /workflow query --workflow-id mine --type status/,
      { when: () => until(async () => (await epoch()) > 0), prints: /"?state"?:\s*"?running/ },
    ],
    [
      /list --query "CedStage='distill' AND CedMap > 0.3"/,
      {
        when: () => until(() => listed("CedStage='distill' AND CedMap > 0.3")),
        prints: /Running\s+mine\s+distill/,
      },
    ],
    [/workflow count/, { prints: /Total: 1\b/ }],
    [
      /--name pause/,
      { prints: /paused/, then: () => until(async () => (await pending()).length === 0) },
    ],
    [
      /--name resume/,
      { prints: /running/, then: () => until(async () => (await pending()).length === 1) },
    ],
    [
      /workflow cancel/,
      { prints: /[Cc]ancel/, then: () => until(async () => (await state()) === 'CANCELLED') },
    ],
    [
      /workflow reset/,
      {
        prints: /Resetting workflow mine/,
        then: () => until(async () => (await state()) === 'RUNNING' && (await epoch()) > 0),
      },
    ],
    [
      /--name stopAfterEpoch/,
      { prints: /30/, then: () => until(async () => (await state()) === 'COMPLETED') },
    ],
    [/workflow result/, { prints: /"students"/ }],
    [/temporal schedule create/, { prints: /Schedule created|^\s*$/ }],
    [
      /npm run schedule/,
      {
        prints:
          /temporal schedule create --schedule-id nightly .*\n\nSchedule nightly is there already and is the same: nothing was changed/,
      },
    ],
    [
      /schedule trigger/,
      { prints: /^/, then: () => until(async () => (await firings()).includes('promoted')) },
    ],
    [/schedule describe/, { prints: /BufferOne/ }],
    [
      /schedule trigger/,
      {
        when: () =>
          Promise.resolve(writeToneCorpus(cluster.folder, { ...CLIPS, train: CLIPS.train + 4 })),
        prints: /^/,
        then: () => until(async () => (await firings()).length === 2),
      },
    ],
    [
      /list --query "WorkflowType = 'retrain' AND CedRun = 'nightly'"/,
      { prints: /(Completed\s+nightly-\S+\s+retrain.*\n?\s*){2}/ },
    ],
    [
      /toggle .*--pause/,
      {
        prints: /^/,
        then: async () =>
          expect((await schedule()).state).toMatchObject({
            paused: true,
            note: 'teachers are being replaced',
          }),
      },
    ],
    [
      /toggle .*--unpause/,
      { prints: /^/, then: async () => expect((await schedule()).state.paused).toBe(false) },
    ],
    [
      /schedule backfill/,
      { prints: /^/, then: () => until(async () => (await firings()).length === 4) },
    ],
    [/npx ced report \S+ --compare \S+ --out/, { prints: /compared with mine[\s\S]*eval mAP/ }],
    [/npx ced champion \S+$/, { prints: /1 .*student .*the first.*\n2 .*student .*beat 1/ }],
    [/npx ced champion \S+ --rollback/, { prints: /3 .*student .*rolls 2 back/ }],
    [/schedule delete/, { prints: /^/, then: () => expect(schedule()).rejects.toThrow() }],
    [/search-attribute create/, { prints: /have been added/ }],
  ];
  const listed = async (query: string): Promise<boolean> =>
    (await cluster.client.workflow.count(query)).count > 0;

  beforeAll(async () => {
    cluster = await Cluster.start();
    const corpus = writeToneCorpus(cluster.folder, CLIPS);
    const teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    const run = (name: string, student: object) => ({
      name,
      store: `runs/${name}`,
      corpus: { ...corpus, clipsPerShard: 16 },
      teachers: [teacher],
      logits: { views: 2, topK: 3, chunkSeconds: 1 },
      students: [
        {
          name: 'student',
          model: { embedDim: 32, depth: 1, heads: 2 },
          batchSize: 8,
          warmupSteps: 4,
          ...student,
        },
      ],
    });
    const promote = { champion: 'runs/nightly/champion', minGain: -1 };
    write(
      'run.json',
      run('mine', { epochs: 100_000, validateEvery: 5, earlyStop: 0, checkpointSeconds: 1 }),
    );
    write('nightly.json', { ...run('nightly', { epochs: 3 }), promote });
    // `npm run` and `npx` find the package in the folder they are typed in.
    for (const part of ['package.json', 'infra', 'node_modules'])
      symlinkSync(join(repositoryRoot, part), join(cluster.folder, part));
    await cluster.worker('all');
  });
  afterAll(async () => cluster?.stop());

  const write = (name: string, content: object): void =>
    writeFileSync(join(cluster.folder, name), JSON.stringify(content));

  it('has one expectation for each of its examples, in its order', () => {
    expect(
      commands.map((command, index) => expectations[index]?.[0].test(command) ?? command),
    ).toEqual(expectations.map(() => true));
  });

  it.each(commands.map((command, index) => [command, index] as const))(
    '%s',
    async (command, index) => {
      const { when, prints, then } = expectations[index]?.[1] ?? { prints: /^does not happen$/ };
      await when?.();
      expect(await shell(command)).toMatch(prints);
      await then?.();
    },
    120_000,
  );

  /** What a terminal would show. @throws with it when the command fails */
  async function shell(command: string): Promise<string> {
    const child = spawn('bash', ['-c', command], {
      cwd: cluster.folder,
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: cluster.address,
        PATH: `${dirname(temporalBinary())}:${process.env['PATH']}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (output += text.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`exit code ${String(code)}: ${output}`);
    return output;
  }
});
