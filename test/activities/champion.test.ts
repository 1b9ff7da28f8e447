import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChampionLedger } from '../../storage/champion-ledger';
import { findChampion } from '../../activities/find-champion';
import { promoteChallenger } from '../../activities/promote-challenger';
import { FolderStore } from '../../storage/folder-store';
import { openGcs } from '../../storage/gcs/gcs-client';
import { GcsStore } from '../../storage/gcs/gcs-store';
import { layout } from '../../storage/layout';
import { ObjectCache } from '../../storage/object-cache';
import { sha256, type Store } from '../../storage/store';
import { ced } from '../../cli/main';
import { startStorage, type StorageEmulator } from '../../tools/storage-emulator';
import type {
  Champion,
  ChampionEntry,
  Overtaken,
  Promotion,
} from '../../workflows/contract/promotion';
import { localDependencies } from '../../activities/local-dependencies';
import { documentedOutput } from '../support/documented-output';

const weights = (name: string): Buffer => Buffer.from(`weights of ${name}`);
const hashOf = (name: string): string => sha256(weights(name));

let folder: string;
let emulator: StorageEmulator;
let places = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ced-champion-'));
  emulator = await startStorage({
    port: 0,
    folder: join(folder, 'buckets'),
    log: join(folder, 'emulator.log'),
  });
  await emulator.createBucket('champions');
});
afterAll(async () => {
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
});

const inBucket = (): Store =>
  new GcsStore({
    client: openGcs({ STORAGE_EMULATOR_HOST: emulator.endpoint }),
    bucket: 'champions',
    prefix: `p${++places}`,
    cache: new ObjectCache({ folder: join(folder, `copies-${places}`), maxBytes: 1e9 }),
  });
const inFolder = (): FolderStore => new FolderStore(join(folder, `p${++places}`));

describe.each<[string, () => Store]>([
  ['a folder', inFolder],
  ['a bucket', inBucket],
])('a champion in %s', (_, open) => {
  let champions: Store;
  let store: Store;

  const deps = () => ({
    ...localDependencies(folder, inFolder()),
    openStore: (uri: string) => (uri === 'champions' ? champions : store),
  });
  const incumbent = (): Promise<Champion | null> =>
    findChampion(deps(), { store: 'store', champion: 'champions' });
  const challenge = async (
    name: string,
    mAP: number | null,
    against: { champion: Champion | null; mAP: number | null; minGain?: number; run?: string },
  ): Promise<Promotion | Overtaken> => {
    await store.create(layout.model(hashOf(name)), weights(name));
    await store.create(layout.modelConfig(hashOf(name)), Buffer.from('{}'));
    return await promoteChallenger(deps(), {
      store: 'store',
      champion: 'champions',
      minGain: against.minGain ?? 0,
      run: 'nightly',
      workflowId: `nightly-${name}`,
      workflowRunId: against.run ?? name,
      challenger: {
        name,
        sha256: hashOf(name),
        parameters: 10,
        trainingKey: 'k',
        bestEpoch: 1,
        validationMAP: null,
        epochs: 1,
        steps: 1,
        rowsTrained: 1,
        bitExact: true,
        seconds: 1,
      },
      incumbent: against.champion,
      comparison: { evalSha256: 'e'.repeat(64), champion: against.mAP, challenger: mAP },
    });
  };
  const head = async (): Promise<ChampionEntry | null> =>
    (await ChampionLedger.read(champions)).head;

  beforeEach(() => {
    champions = open();
    store = inFolder();
  });

  it('is the first student with an mAP, its weights lie beside the ledger', async () => {
    expect(await incumbent()).toBeNull();
    expect(await challenge('ada', 0.3, { champion: null, mAP: null })).toMatchObject({
      outcome: 'promoted',
      entry: 1,
      says: expect.stringContaining('the first') as string,
    });
    expect(await champions.read(layout.model(hashOf('ada')))).toEqual(weights('ada'));
    expect(await incumbent()).toMatchObject({ entry: 1, sha256: hashOf('ada') });
  });

  it('keeps its card, and a configuration that is there already in other words', async () => {
    await store.create(layout.modelFile(hashOf('ada'), 'README.md'), Buffer.from('# ada'));
    await champions.create(layout.modelConfig(hashOf('ada')), Buffer.from('{ }'));
    expect(await challenge('ada', 0.3, { champion: null, mAP: null })).toMatchObject({
      outcome: 'promoted',
    });
    expect(await champions.read(layout.modelFile(hashOf('ada'), 'README.md'))).toEqual(
      Buffer.from('# ada'),
    );
    expect(await champions.read(layout.modelConfig(hashOf('ada')))).toEqual(Buffer.from('{ }'));
  });

  it('is followed by a gain of at least minGain, and by none below it', async () => {
    await challenge('ada', 0.3, { champion: null, mAP: null });
    const ada = await incumbent();
    expect(await challenge('bob', 0.31, { champion: ada, mAP: 0.3, minGain: 0.02 })).toMatchObject({
      outcome: 'kept',
      entry: 1,
      says: expect.stringMatching(
        /champion 1 stays.*0\.310.*0\.300.*\+0\.010.*minGain = 0\.02/,
      ) as string,
    });
    expect(await challenge('cyd', 0.33, { champion: ada, mAP: 0.3, minGain: 0.02 })).toMatchObject({
      outcome: 'promoted',
      entry: 2,
    });
    expect(await head()).toMatchObject({
      student: 'cyd',
      previous: 1,
      against: { entry: 1, sha256: hashOf('ada'), mAP: 0.3 },
    });
  });

  it('is refused to a student without an mAP, even the first', async () => {
    expect(await challenge('ada', null, { champion: null, mAP: null })).toMatchObject({
      outcome: 'refused',
      entry: null,
      says: expect.stringContaining('no labels') as string,
    });
    expect(await champions.list('')).toEqual([]);
  });

  it('is not promoted over itself', async () => {
    await challenge('ada', 0.3, { champion: null, mAP: null });
    expect(
      await challenge('ada', 0.3, { champion: await incumbent(), mAP: 0.3, run: 'again' }),
    ).toMatchObject({ outcome: 'kept', entry: 1 });
    expect((await ChampionLedger.read(champions)).entries).toHaveLength(1);
  });

  it('is promoted once, however often the activity is repeated after a lost reply', async () => {
    const first = await challenge('ada', 0.3, { champion: null, mAP: null });
    const again = await challenge('ada', 0.3, { champion: null, mAP: null });
    expect(again).toEqual(first);
    expect((await ChampionLedger.read(champions)).entries).toHaveLength(1);
  });

  it('is one of two that race, and the other has to measure itself again', async () => {
    await challenge('ada', 0.3, { champion: null, mAP: null });
    const ada = await incumbent();
    const outcomes = await Promise.all(
      ['bob', 'cyd', 'dee'].map((name) => challenge(name, 0.4, { champion: ada, mAP: 0.3 })),
    );
    expect(outcomes.filter((outcome) => 'overtaken' in outcome)).toHaveLength(2);
    const { entries } = await ChampionLedger.read(champions);
    expect(entries.map(({ entry }) => entry)).toEqual([1, 2]);
    const late = await challenge('bob', 0.4, { champion: ada, mAP: 0.3, run: 'later' });
    expect(late).toEqual({ overtaken: true });
  });

  it('whose weights are damaged is not trained on and not measured', async () => {
    await challenge('ada', 0.3, { champion: null, mAP: null });
    await champions.replace(layout.model(hashOf('ada')), Buffer.from('rot'));
    await expect(incumbent()).rejects.toMatchObject({
      code: 'CheckpointIncompatible',
      message: expect.stringContaining('ced champion --rollback') as string,
    });
  });

  it('goes back to the one before by one more entry, and back again from there', async () => {
    for (const [index, name] of ['ada', 'bob', 'cyd'].entries())
      await challenge(name, 0.3 + index / 10, { champion: await incumbent(), mAP: 0.2 });
    for (const [entry, name] of [
      [4, 'bob'],
      [5, 'ada'],
    ] as const) {
      const ledger = await ChampionLedger.read(champions);
      const restored = ledger.rollback();
      await ledger.append({ ...restored!, at: '2026-01-01T00:00:00.000Z' });
      expect(await head()).toMatchObject({
        entry,
        action: 'rollback',
        student: name,
        sha256: hashOf(name),
      });
    }
    expect((await ChampionLedger.read(champions)).rollback()).toBeNull();
    await challenge('dee', 0.9, { champion: await incumbent(), mAP: 0.3 });
    expect(await head()).toMatchObject({ entry: 6, previous: 5, student: 'dee' });
    expect((await ChampionLedger.read(champions)).rollback()).toMatchObject({
      student: 'ada',
      tookBack: 6,
    });
  });

  it('refuses an entry beside one that was appended meanwhile', async () => {
    await challenge('ada', 0.3, { champion: null, mAP: null });
    const stale = await ChampionLedger.read(champions);
    await challenge('bob', 0.4, { champion: await incumbent(), mAP: 0.3 });
    expect(await stale.append({ ...(stale.head as ChampionEntry), student: 'zombie' })).toBeNull();
    expect(await head()).toMatchObject({ entry: 2, student: 'bob' });
  });
});

describe('ced champion', () => {
  let champions: FolderStore;
  let printed: string;
  const entry = (student: string, mAP: number) => ({
    action: 'promotion' as const,
    student,
    sha256: hashOf(student),
    parameters: 10,
    mAP,
    against: null,
    evalSha256: 'e'.repeat(64),
    store: 'store',
    run: 'nightly',
    workflowId: 'nightly',
    workflowRunId: student,
    at: '2026-01-02T03:04:05.000Z',
  });

  beforeEach(async () => {
    champions = inFolder();
    printed = '';
    jest
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => ((printed += String(text)), true));
    await (await ChampionLedger.read(champions)).append({ ...entry('ada', 0.3), previous: null });
    await (
      await ChampionLedger.read(champions)
    ).append({
      ...entry('bob', 0.4),
      previous: 1,
      against: { entry: 1, sha256: hashOf('ada'), mAP: 0.3 },
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it('shows the lineage and where the one that counts lies', async () => {
    expect(await ced(['champion', champions.uri])).toBe(0);
    expect(printed).toMatch(/1 .*ada .*0\.300 .*the first .*nightly/);
    expect(printed).toMatch(/2 .*bob .*0\.400 .*beat 1 \(0\.300\)/);
    expect(printed).toContain(`champion  ${champions.uri}/models/${hashOf('bob')}`);
  });

  it('rolls the newest back, and says when there is none before it', async () => {
    expect(await ced(['champion', champions.uri, '--rollback', '--json'])).toBe(0);
    const { champion, entries } = documentedOutput<{
      champion: ChampionEntry;
      entries: ChampionEntry[];
    }>('champion', printed);
    expect(champion).toMatchObject({ entry: 3, action: 'rollback', student: 'ada', tookBack: 2 });
    expect(entries).toHaveLength(3);
    await expect(ced(['champion', champions.uri, '--rollback'])).rejects.toThrow(
      /has no champion before the present one/,
    );
  });

  it('refuses a folder that holds no champion, and says which one it expects', async () => {
    await expect(ced(['champion', join(folder, 'nobody')])).rejects.toThrow(
      /there is no champion in .*nobody yet; .*"promote\.champion"/,
    );
  });
});
