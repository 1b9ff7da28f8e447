import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rowsWithLogits, StoredTargets } from '../../jobs/train/stored-targets';
import { StoredViews, type ViewsLayout } from '../../jobs/train/stored-views';
import type { TrainingRow } from '../../jobs/train/training-set';
import { writeTargets } from '../../ced/logits/targets';
import { ObjectCache } from '../../storage/object-cache';
import { createLogitTable, type LogitTable } from '../../ced/logits/logit-table';
import { randomLogitTable } from '../ced/logits/random-table';

const views = { stored: 4, used: 3 };
const classes = 30;
const tables = [1, 2].map((seed) =>
  randomLogitTable({ clips: 5 + seed, views: views.stored, classes, topK: 6 }, seed),
);
const augment = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 9 },
  freqMask: { maxBins: 9 },
};
const clipsOf = (shard: number): number => tables[shard]!.rows / views.stored;
const rows: TrainingRow[] = tables.flatMap((_, shard) =>
  Array.from({ length: clipsOf(shard) }, (__, clipRow) => {
    const clip = {
      clip: `${shard}-${clipRow}`,
      sha256: `${clipRow}`,
      labels: null,
      samples: 0,
      chunks: [],
      shard,
      offset: 0,
    };
    return { clip, clipRow, chunk: 0, start: 0, length: 160_000 };
  }),
);

describe('stored views', () => {
  let folder: string;
  let stored: StoredViews;
  let decoded: number;

  const open = (layout: ViewsLayout, of: readonly LogitTable[] = tables): Promise<StoredViews> =>
    StoredViews.open(
      new ObjectCache({ folder, maxBytes: 1e9 }),
      'these tables',
      layout,
      async function* () {
        for (const table of of) {
          decoded++;
          yield await Promise.resolve(table);
        }
      },
    );

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-views-'));
    decoded = 0;
    stored = await open({ ...views, topK: 6 });
  });
  afterEach(() => {
    stored.close();
    rmSync(folder, { recursive: true });
  });

  it('are reused by a reader of the same views, and laid out anew for others', async () => {
    (await open({ ...views, topK: 6 })).close();
    expect(decoded).toBe(2);
    (await open({ ...views, topK: 4 })).close();
    expect(decoded).toBe(4);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it.each([
    ['a flipped record', (bytes: Buffer) => void (bytes[40]! ^= 1)],
    ['a flipped index', (bytes: Buffer) => void (bytes[bytes.length - 50]! ^= 1)],
    ['a flipped hash', (bytes: Buffer) => void (bytes[bytes.length - 1]! ^= 1)],
    ['its end cut off', (bytes: Buffer) => bytes.subarray(0, -100)],
    ['nothing in it', () => Buffer.alloc(0)],
  ])('are laid out anew when the file has %s', async (_, damage) => {
    const path = join(folder, readdirSync(folder)[0]!);
    const intact = readFileSync(path);
    const bytes = Buffer.from(intact);
    writeFileSync(path, damage(bytes) ?? bytes);
    (await open({ ...views, topK: 6 })).close();
    expect(decoded).toBe(4);
    expect(readFileSync(path).equals(intact)).toBe(true);
  });

  it('report verification progress, and are left unchanged if it is stopped', async () => {
    // 12 MB: several parts.
    const large = randomLogitTable({ clips: 5000, views: views.stored, classes, topK: 6 }, 3);
    const of = Array.from({ length: 20 }, () => large);
    const cache = new ObjectCache({ folder, maxBytes: 1e9 });
    const tables = async function* () {
      for (const table of of) yield await Promise.resolve(table);
    };
    const opened = async (onHashed: (done: number, total: number) => Promise<void>) =>
      StoredViews.open(cache, 'large', { ...views, topK: 6 }, tables, onHashed);
    const reports: [number, number][] = [];
    const whole = await opened((...report) => Promise.resolve(void reports.push(report)));
    whole.close();
    const [, total = 0] = reports[0]!;
    expect(reports.length).toBeGreaterThan(2);
    expect(reports.map(([done]) => done)).toEqual([...new Set(reports.map(([done]) => done))]);
    expect(reports.at(-1)).toEqual([total, total]);

    const path = readdirSync(folder).map((file) => join(folder, file));
    const before = path.map((file) => statSync(file).ino);
    const stopped = opened(() => Promise.reject(new Error('stopped')));
    await expect(stopped).rejects.toThrow('stopped');
    expect(path.map((file) => statSync(file).ino)).toEqual(before);
  });

  it('that could not be laid out to the end are not there', async () => {
    const breaking = StoredViews.open(
      new ObjectCache({ folder, maxBytes: 1e9 }),
      'others',
      { ...views, topK: 6 },
      async function* () {
        yield await Promise.resolve(tables[0]!);
        throw new Error('stopped');
      },
    );
    await expect(breaking).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('give every parameter and every pair back, at the limits of their columns too', async () => {
    const extreme = createLogitTable(1, 6);
    extreme.clip[0] = 0xffffffff;
    extreme.chunk[0] = extreme.timeStart[0] = extreme.timeWidth[0] = 0xffff;
    extreme.shift[0] = 0x7fffffff;
    extreme.freqStart[0] = 0xfe;
    extreme.freqWidth[0] = 0xff;
    extreme.indexes.set([0xffff, 1, 2, 3, 4, 5]);
    extreme.values.set([0x3c00, 5, 4, 3, 2, 1]);
    const limits = await open({ stored: 1, used: 1, topK: 6 }, [extreme]);
    expect(limits.read(0, 0, 0)).toEqual(extreme);
    limits.close();
  });

  it.each([6, 4])(
    'show a student of topK %i the same targets and augmentations as the tables they came from',
    async (topK) => {
      const own = await open({ ...views, topK });
      const settings = {
        unseenFill: 'lastMean',
        consistent: true,
        seed: 1,
        views: 3,
        topK,
        classes,
        augment,
      } as const;
      const targets = new StoredTargets(rows, 2, own, settings);
      for (let epoch = 0; epoch < 7; epoch++)
        rows.forEach((row, rowIndex) => {
          const table = tables[row.clip.shard]!;
          const at = row.clipRow * views.stored + (epoch % 3);
          const [mine, expected] = [new Float32Array(classes + 1), new Float32Array(classes + 1)];
          expect(targets.augmentation(row, rowIndex, epoch)).toEqual({
            shift: table.shift[at],
            timeStart: table.timeStart[at],
            timeWidth: table.timeWidth[at],
            freqStart: table.freqStart[at],
            freqWidth: table.freqWidth[at],
          });
          targets.writeTargets(row, rowIndex, epoch, mine, 1);
          writeTargets(table, at, classes, 'lastMean', topK, expected, 1);
          expect(mine).toEqual(expected);
        });
      own.close();
    },
  );

  it('know which rows have logits, and refuse a corpus of other ones', () => {
    const more = [...rows, { ...rows.at(-1)!, clipRow: 99 }, { ...rows[0]!, chunk: 7 }];
    expect(rowsWithLogits(more, stored)).toEqual(rows);
    const settings = {
      unseenFill: 'zero',
      consistent: true,
      seed: 1,
      views: 3,
      topK: 6,
      classes,
      augment,
    } as const;
    expect(() => new StoredTargets(rows.slice(1), 2, stored, settings)).toThrow(
      'logit shard 0: 6 chunks, 5 planned',
    );
    const swapped = new StoredTargets([rows[1]!, rows[0]!, ...rows.slice(2)], 2, stored, settings);
    expect(() => swapped.augmentation(rows[1]!, 0, 0)).toThrow(
      'logits of 0-1 chunk 0 do not belong to it',
    );
  });

  it('refuse logits with a view too few', async () => {
    await expect(open({ stored: 5, used: 1, topK: 6 })).rejects.toThrow(
      'logit shard 0: 24 rows, no multiple of 5 views',
    );
    expect(() => stored.read(0, 0, 3)).toThrow('logit shard 0 has no chunk 0 in view 3');
    expect(() => stored.read(2, 0, 0)).toThrow('no logits for audio shard 2');
  });
});
