import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFailure } from '../../activities/activity-edge';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { recordAt } from '../../cli/store/stored-records';
import { ChampionLedger } from '../../storage/champion-ledger';
import { encodeChecksummed } from '../../storage/checksum';
import { FolderStore } from '../../storage/folder-store';
import { decodeRecord, encodeRecord, RecordDamaged, type RecordFormat } from '../../storage/record';
import { leasesOver } from '../../storage/shard-lease';
import { readLatestCheckpoint } from '../../storage/training/training-checkpoint';
import { MODEL_PRESETS } from '../../ced/model/config';

const GOLDEN = join(__dirname, 'golden');
type Fields = Record<string, unknown>;

/** Every stored JSON file of the golden store, with its record. */
const records = readdirSync(GOLDEN, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(json|lease)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path): [key: string, path: string] => [path.slice(GOLDEN.length + 1), path])
  .map(([key, path]) => ({ key: key.replace(/^(store|champion)\//, ''), path }));

const formatAt = (key: string): RecordFormat<unknown> => {
  const format = recordAt(key);
  if (!format) throw new Error(`${key} is read through no record`);
  return format;
};
const contentOf = (path: string): Fields => {
  const { seal: _seal, ...fields } = JSON.parse(readFileSync(path, 'utf8')) as Fields;
  return fields;
};
const decode = (key: string, value: object): unknown =>
  decodeRecord({ uri: 'store' }, key, formatAt(key), encodeChecksummed(value)).value;

/** Fields that a record of the first format may lack. */
const OPTIONAL = [
  ...['resumedAtStep', 'tookBack', 'duplicates', 'latency', 'agreement', 'gate'],
  ...['teacherAgreement', 'promotion'],
];

describe('the records of a store', () => {
  it('are all of its JSON', () => {
    expect(records.length).toBeGreaterThan(40);
    expect(records.filter(({ key }) => recordAt(key) === null)).toEqual([]);
  });

  it.each(records)('$key is read under the key it names, and under no other', ({ key, path }) => {
    const [own, other] = [key, `${key.slice(0, -5)}-other.json`].map((place) =>
      encodeRecord(place, contentOf(path)),
    );
    const read = (bytes: Uint8Array): unknown =>
      decodeRecord({ uri: 'store' }, key, formatAt(key), bytes).value;
    expect(read(own!)).toEqual(decode(key, contentOf(path)));
    expect(() => read(other!)).toThrow(RecordDamaged);
    expect(() => read(other!)).toThrow(/it was written as .*-other\.json/);
  });

  it('are of every kind that there is', () => {
    const kinds = new Set(records.map(({ key }) => formatAt(key).kind));
    expect([...kinds].sort()).toMatchInlineSnapshot(`
     [
       "attempt at a training",
       "audio shard manifest",
       "champion entry",
       "checkpoint state",
       "corpus manifest",
       "description of logits",
       "earlier evaluation",
       "end of an attempt",
       "lease",
       "listing",
       "logit shard manifest",
       "model configuration",
       "model manifest",
       "plan",
       "pointer to the last plan",
       "result",
       "scores manifest",
       "start of an attempt",
       "training manifest",
     ]
    `);
  });

  it('are read as they were written, and fields are ignored that nobody knows yet', () => {
    for (const { key, path } of records) {
      const fields = contentOf(path);
      expect(decode(key, fields)).toMatchObject(fields);
      expect(decode(key, { ...fields, later: true })).not.toHaveProperty('later');
    }
  });

  it('are refused by file and version where a later version wrote them', () => {
    for (const { key, path } of records) {
      const error = errorOf(() => decode(key, { ...contentOf(path), formatVersion: 2 }));
      expect(error).toMatchObject({ code: 'RecordTooNew' });
      expect(error.message).toMatch(`store: ${key}: formatVersion 2, this program reads a`);
      expect(asFailure(error)).toMatchObject({ type: 'RecordTooNew', nonRetryable: true });
    }
  });

  it('are refused by file and field where one is missing', () => {
    for (const { key, path } of records)
      for (const [name, value] of Object.entries(contentOf(path))) {
        const { [name]: _without, ...others } = contentOf(path);
        const isOptional =
          OPTIONAL.includes(name) ||
          (key.startsWith('scores/') && name === 'sha256') ||
          (key.startsWith('models/') && key.endsWith('config.json'));
        if (isOptional) continue;
        expect([name, value, errorOf(() => decode(key, others)).message]).toEqual([
          name,
          value,
          expect.stringContaining(`store: ${key} is damaged (${name}: `),
        ]);
      }
  });

  it('are refused by file and field where one is of another type', () => {
    for (const { key, path } of records)
      for (const [name, value] of Object.entries(contentOf(path))) {
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        const wrong = isObject ? 'wrong' : { wrong: 1 };
        const error = errorOf(() => decode(key, { ...contentOf(path), [name]: wrong }));
        expect([name, value, error.message]).toEqual([
          name,
          value,
          expect.stringContaining(`store: ${key} is damaged (${name}`),
        ]);
        expect(error).toBeInstanceOf(RecordDamaged);
      }
  });

  it('name the row of a list and its field', () => {
    const { key, path } = records.find((each) => each.key.startsWith('ingest/'))!;
    const fields = contentOf(path) as { clips: Fields[] };
    fields.clips[2]!['samples'] = '3200';
    expect(() => decode(key, fields)).toThrow(/\(clips\[2\]\.samples: .*expected number/);
  });
});

describe('a record that a later version of the program wrote', () => {
  let folder: string;
  let store: FolderStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-records-'));
    cpSync(GOLDEN, folder, { recursive: true });
    store = new FolderStore(join(folder, 'store'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const raise = (path: string): Buffer => {
    const raised = encodeChecksummed({ ...contentOf(path), formatVersion: 2 });
    writeFileSync(path, raised);
    return Buffer.from(raised);
  };
  const one = async (prefix: string, ending: string): Promise<string> =>
    (await store.list(prefix)).filter((key) => key.endsWith(ending)).at(-1) ?? 'none';

  it('is left as it is, though damage would be quarantined and made again', async () => {
    const [plan = ''] = readdirSync(join(store.uri, 'plans'));
    const ingest = async (): Promise<unknown> => {
      for (const split of ['train', 'validation', 'eval'] as const)
        await ingestShard(
          localDependencies(folder, store),
          { store: '', planKey: plan, split, shard: 0 },
          () => undefined,
        );
      return null;
    };
    const training = (await one('training/', 'manifest.json')).split('/')[1] ?? '';
    const lease = await one('logits/', '.lease');
    const cases: [string, () => Promise<unknown>][] = [
      [await one('ingest/', '.json'), ingest],
      [
        await one(`training/${training}/checkpoints/`, 'state.json'),
        () => readLatestCheckpoint(store, training, MODEL_PRESETS.tiny),
      ],
      [lease, () => leasesOver(store, lease.split('/')[1]!, 'a'.repeat(64), {})],
    ];
    for (const [key, read] of cases) {
      const raised = raise(join(store.uri, key));
      await expect(read()).rejects.toMatchObject({
        code: 'RecordTooNew',
        message: expect.stringContaining(key),
      });
      expect(readFileSync(join(store.uri, key))).toEqual(raised);
    }
    expect(await store.list('quarantine/')).toEqual([]);
  });

  it('ends whatever asks for the champion', async () => {
    const champions = new FolderStore(join(folder, 'champion'));
    raise(join(champions.uri, '3.json'));
    await expect(ChampionLedger.read(champions)).rejects.toMatchObject({ code: 'RecordTooNew' });
  });
});

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return new Error('nothing was refused');
}
