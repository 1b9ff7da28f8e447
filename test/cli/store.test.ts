import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { encodeJson, sha256 } from '../../storage/store';
import { ced } from '../../cli/main';
import type { Weights } from '../../ced/model/weights';
import { writeBestWeights } from '../../storage/training/best-weights';
import { writeCheckpoint } from '../../storage/training/training-checkpoint';
import { trainedModel } from '../report/sample-report';
import {
  sampleDescription,
  sampleIngest,
  sampleLogitsManifest,
  samplePlan,
  sampleResult,
} from '../support/sample-records';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';

const content = (name: string): Buffer => Buffer.from(`content of ${name}`.repeat(50));
const named = (name: string): string => sha256(content(name));
const [student, teacher, orphan] = [named('student'), named('teacher'), named('orphan')];
const [predicted, unpredicted] = [named('predicted'), named('unpredicted')];
const [usedLogits, oldLogits] = ['b'.repeat(64), 'c'.repeat(64)];
const [done, open] = ['d'.repeat(64), 'e'.repeat(64)];
const DAY_SECONDS = 86_400;

interface Shown {
  units: { name: string }[];
  damaged: { key: string }[];
  leftOver: string[];
}

describe('ced store', () => {
  let folder: string;
  let store: FolderStore;
  let printed: CaughtOutput;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-store-'));
    store = new FolderStore(folder);
    printed = catchOutput('stdout');
    const plan = encodeJson(samplePlan(['f'.repeat(64)]));
    await store.create(layout.plan(sha256(plan)), plan);
    await store.create(layout.ingest('f'.repeat(64)), encodeJson(sampleIngest(predicted)));
    for (const name of ['predicted', 'unpredicted'])
      await store.create(layout.audio(named(name)), content(name));
    for (const name of ['student', 'teacher', 'orphan'])
      await store.create(layout.model(named(name)), content(name));
    for (const key of [usedLogits, oldLogits]) {
      await store.create(layout.logits(key, predicted), content('logits'));
      await store.create(
        layout.logitsManifest(key, predicted),
        encodeJson(sampleLogitsManifest({ sha256: named('logits') })),
      );
      await store.create(
        layout.logitsDescription(key),
        encodeJson(sampleDescription([{ weightsSha256: key === usedLogits ? teacher : orphan }])),
      );
    }
    await store.create(
      layout.trainingManifest(done, null),
      encodeJson(trainedModel('student', 10, { sha256: student })),
    );
    for (const key of [done, open])
      await store.create(layout.checkpoint(key, 7, 'model.safetensors'), content('checkpoint'));
    await store.create(
      layout.runFile('run', 'id', 'result.json'),
      encodeJson(sampleResult(usedLogits, { students: { student } })),
    );
    await store.create(layout.quarantine('audio/x.npy', orphan), content('bad'));
    age('', 30);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Everything below a key was last touched so long ago. */
  function age(below: string, days: number): void {
    const then = Date.now() / 1000 - days * DAY_SECONDS;
    for (const entry of readdirSync(join(folder, below), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), then, then);
  }

  async function run(...argv: string[]): Promise<{ code: number; shown: Shown }> {
    printed.text = '';
    const code = await ced(['store', ...argv, '--json']);
    return {
      code,
      shown: documentedOutput<Shown>(`store-${argv[0]}`, printed.text),
    };
  }
  const keys = async (): Promise<string[]> =>
    (await store.inventory()).map(({ key }) => key).sort();
  const removable = async (...argv: string[]): Promise<string[]> =>
    (await run('gc', folder, ...argv)).shown.units.map(({ name }) => name).sort();

  /** Records of attempts, as `<activity>-<attempt>-<moment>`. */
  async function attempts(runId: string, ...names: string[]): Promise<void> {
    for (const name of names)
      await store.create(`attempts/${runId}/${name}.json`, Buffer.from('{}'));
  }

  it('takes nothing that a run under way may need, however young things may go', async () => {
    await attempts('goes-on', '1-1-start', '1-1-end', '2-1-start');
    const kept = [`audio/${unpredicted}`, `logits/${oldLogits}`, `models/${orphan}`];
    const young = ['--min-age-days', '0'];
    expect(await removable(...young)).not.toEqual(expect.arrayContaining([kept[0]]));
    age('attempts/goes-on', 1);
    for (const name of kept) expect(await removable(...young)).not.toContain(name);
    // Its activity has ended, and no other began within an hour.
    await attempts('goes-on', '2-1-end');
    age('attempts/goes-on', 1);
    for (const name of kept) expect(await removable(...young)).toContain(name);
    // Killed, and nobody tried again for a week.
    await attempts('killed', '1-1-start');
    age('attempts/killed', 8);
    for (const name of kept) expect(await removable(...young)).toContain(name);
    // Published.
    await attempts('id', '9-1-start');
    for (const name of kept) expect(await removable(...young)).toContain(name);
  });

  it('leaves a file that is being written', async () => {
    const name = 'audio/.writing-1-a';
    writeFileSync(join(folder, name), 'half');
    expect(await removable('--min-age-days', '0')).not.toContain(name);
    age('audio', 1);
    expect(await removable('--min-age-days', '0')).toContain(name);
  });

  const garbage = [
    `audio/${unpredicted}`,
    `logits/${oldLogits}`,
    `models/${orphan}`,
    `quarantine/audio/x.npy-${orphan.slice(0, 16)}`,
    `training/${done}/checkpoints`,
    `training/${open}/checkpoints`,
  ];

  it('finds what no result and no plan leads to, and removes nothing unless told to', async () => {
    const before = await keys();
    expect(await removable()).toEqual(garbage);
    expect(await keys()).toEqual(before);
  });

  it('removes exactly that when told to, and then finds nothing more', async () => {
    const before = await keys();
    await removable('--yes');
    expect(await keys()).toEqual(
      before.filter((key) => !garbage.some((unit) => key.startsWith(unit))),
    );
    expect(await removable()).toEqual([]);
  });

  it('leaves what a keep list names, and what is young', async () => {
    expect(await removable('--keep', `models/${orphan}`)).not.toContain(`models/${orphan}`);
    age('audio', 1);
    expect(await removable()).not.toContain(`audio/${unpredicted}`);
    expect(await removable('--min-age-days', '0.5')).toContain(`audio/${unpredicted}`);
  });

  it('takes nothing that a training under way may stand on', async () => {
    age(`training/${open}`, 1);
    expect(await removable()).toEqual([
      `quarantine/audio/x.npy-${orphan.slice(0, 16)}`,
      `training/${done}/checkpoints`,
    ]);
  });

  it('deletes nothing that an unfinished shard may need while its lease is held', async () => {
    const lease = {
      owner: 'run/1/0',
      token: 'a-token',
      expiresMs: Date.now() + 60_000,
      durationMs: 60_000,
    };
    await store.create(layout.logitsLease('9'.repeat(64), unpredicted), encodeJson(lease));
    age('logits', 30);
    expect(await removable()).toEqual([
      `quarantine/audio/x.npy-${orphan.slice(0, 16)}`,
      `training/${done}/checkpoints`,
      `training/${open}/checkpoints`,
    ]);
    await store.replace(
      layout.logitsLease('9'.repeat(64), unpredicted),
      encodeJson({ ...lease, expiresMs: Date.now() - 1 }),
    );
    age('logits', 30);
    expect(await removable()).toEqual([...garbage, `logits/${'9'.repeat(64)}`].sort());
  });

  it('keeps the checkpoints of a training that has just written, at any --min-age', async () => {
    age(`training/${open}`, 1 / 48);
    expect(await removable('--min-age-days', '0')).not.toContain(`training/${open}/checkpoints`);
  });

  it('shows the largest units and who refers to them', async () => {
    const { shown } = await run('du', folder, '--top', '100');
    expect(shown.units).toContainEqual(
      expect.objectContaining({ name: `models/${student}`, referredBy: ['runs/run'] }),
    );
    expect(shown.units).toContainEqual(
      expect.objectContaining({ name: `models/${teacher}`, referredBy: [`logits/${usedLogits}`] }),
    );
    expect(shown.units).toContainEqual(
      expect.objectContaining({ name: `models/${orphan}`, referredBy: [] }),
    );
  });

  it('verifies every hash, and ends with status 1 when one does not hold', async () => {
    rmSync(join(folder, 'training'), { recursive: true });
    expect(await run('verify', folder)).toMatchObject({ code: 0, shown: { damaged: [] } });
    for (const key of [
      layout.audio(predicted),
      layout.model(student),
      layout.logits(usedLogits, predicted),
    ]) {
      const bytes = readFileSync(join(folder, key));
      bytes[3]! ^= 1;
      writeFileSync(join(folder, key), bytes);
    }
    const { code, shown } = await run('verify', folder);
    expect(code).toBe(1);
    expect(shown.damaged.map(({ key }) => key).sort()).toEqual(
      [layout.audio(predicted), layout.logits(usedLogits, predicted), layout.model(student)].sort(),
    );
  });

  it('lists leftovers of superseded and interrupted work, and none as damaged', async () => {
    rmSync(join(folder, 'training'), { recursive: true });
    const weights = (value: number): Weights =>
      new Map([['head.weight', { shape: [1], data: Float32Array.of(value) }]]);
    // Shorter than checkpointSeconds: one checkpoint at the end, which names the best of three.
    const best: { step: number; epoch: number; value: number; sha256: string }[] = [];
    for (const [epoch, value] of [0.1, 0.3, 0.2].entries()) {
      const step = 10 * (epoch + 1);
      const sha = await writeBestWeights(store, done, step, weights(value));
      best.push({ step, epoch: epoch + 1, value, sha256: sha });
    }
    const trainer = { weights: weights(1), adamM: weights(2), adamV: weights(3), step: 30 };
    await writeCheckpoint(store, done, trainer, {
      ...{ step: 30, epoch: 3, stepInEpoch: 0, lossSum: 0, lossRows: 0, rowsTrained: 3 },
      ...{ best: [best[1]!], validated: [10, 20, 30], metricsFrom: 30, bitExact: true },
      engine: {
        ...{ tensorflow: '2.21.0', device: 'cpu', instructionCap: 'AVX2' },
        ...{ intraOpThreads: 1, numericsVersion: 2 },
      },
    });
    const interrupted = [
      layout.checkpoint(done, 40, 'adam.safetensors'),
      layout.listing('1'.repeat(64), 'train', 0),
      layout.logits(usedLogits, unpredicted),
    ];
    for (const key of interrupted) await store.create(key, content(key));
    const { code, shown } = await run('verify', folder);
    expect(code).toBe(0);
    expect(shown.damaged).toEqual([]);
    expect(shown.leftOver).toEqual(
      [layout.best(done, 10), layout.best(done, 30), ...interrupted].sort(),
    );
    printed.text = '';
    expect(await ced(['store', 'verify', folder])).toBe(0);
    expect(printed.text).toContain('0 damaged, 5 left over');
  });

  it('finds damage in the weights that a checkpoint names', async () => {
    rmSync(join(folder, 'training'), { recursive: true });
    cpSync(join(__dirname, '../storage/golden/store/training'), join(folder, 'training'), {
      recursive: true,
    });
    const [key = ''] = (await store.list('training/')).filter((each) => each.includes('/best/'));
    expect(await run('verify', folder)).toMatchObject({ code: 0, shown: { leftOver: [] } });
    const bytes = readFileSync(join(folder, key));
    bytes[200]! ^= 1;
    writeFileSync(join(folder, key), bytes);
    const { code, shown } = await run('verify', folder);
    expect([code, shown.damaged.map((each) => each.key)]).toEqual([1, [key]]);
  });

  it('changes nothing while it verifies, whatever is damaged', async () => {
    const manifest = encodeJson({
      ...{ formatVersion: 1, format: 'onnx', output: 'logits', vocabulary: [], parameters: 1 },
      files: [],
    });
    await store.create(layout.modelManifest(named('net')), manifest);
    const before = await keys();
    expect(await run('verify', folder)).toMatchObject({
      code: 1,
      shown: { damaged: [{ key: layout.modelManifest(named('net')) }] },
    });
    expect(await keys()).toEqual(before);
  });

  it('says what it expects when asked for something else', async () => {
    await expect(ced(['store', 'prune', folder])).rejects.toThrow(/expected du, verify or gc/);
    await expect(ced(['store', 'du'])).rejects.toThrow(/one store/);
  });
});

describe('a path that is not a store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-no-store-'));
    writeFileSync(join(folder, 'notes.txt'), 'a folder of something else');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['ced store', ['store', 'du']],
    ['ced store', ['store', 'verify']],
    ['ced store', ['store', 'gc', '--yes']],
    ['ced logits', ['logits']],
  ])('is refused by %s, be it missing or of something else: %j', async (program, argv) => {
    for (const place of [folder, join(folder, 'missing')])
      await expect(ced([...argv, place])).rejects.toThrow(
        `${program}: ${place} is not a store: it has no plans/, ingest/, models/ or runs/; ` +
          'give the "store" of a run file',
      );
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });
});
