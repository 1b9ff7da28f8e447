import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rowsWithLogits, StoredLessons } from '../../activities/distill/stored-lessons';
import { StoredViews } from '../../activities/distill/stored-views';
import type { TrainingRow } from '../../activities/distill/training-set';
import { writeTargets } from '../../ced/logits/targets';
import { createLogitTable } from '../../ced/logits/logit-table';
import { randomLogitTable } from '../logits/random-table';

const views = { stored: 4, kept: 3 };
const classes = 30;
const tables = [1, 2].map((seed) => randomLogitTable({ clips: 5 + seed, views: views.stored, classes, topK: 6 }, seed));
const augment = { shift: { maxFraction: 0.5, probability: 0.5 }, timeMask: { maxFrames: 9 }, freqMask: { maxBins: 9 } };
const clipsOf = (shard: number): number => tables[shard]!.rows / views.stored;
const rows: TrainingRow[] = tables.flatMap((_, shard) =>
  Array.from({ length: clipsOf(shard) }, (__, clipRow) => {
    const clip = { clip: `${shard}-${clipRow}`, sha256: `${clipRow}`, labels: null, chunks: [], shard, offset: 0 };
    return { clip, clipRow, chunk: 0, start: 0, length: 160_000 };
  }),
);

describe('stored views', () => {
  let folder: string;
  let stored: StoredViews;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-spill-'));
    stored = StoredViews.create(join(folder, 'scratch'), views, 6);
    tables.forEach((table, shard) => stored.add(shard, table));
  });
  afterEach(() => {
    stored.close();
    rmSync(folder, { recursive: true });
  });

  it('leave nothing behind that has a name', () => {
    expect(readdirSync(join(folder, 'scratch'))).toEqual([]);
  });

  it('give every parameter and every pair back, at the limits of their columns too', () => {
    const extreme = createLogitTable(1, 6);
    extreme.clip[0] = 0xffffffff;
    extreme.chunk[0] = extreme.timeStart[0] = extreme.timeWidth[0] = 0xffff;
    extreme.shift[0] = 0x7fffffff;
    extreme.freqStart[0] = 0xfe;
    extreme.freqWidth[0] = 0xff;
    extreme.indexes.set([0xffff, 1, 2, 3, 4, 5]);
    extreme.values.set([0x3c00, 5, 4, 3, 2, 1]);
    const limits = StoredViews.create(folder, { stored: 1, kept: 1 }, 6);
    limits.add(0, extreme);
    expect(limits.read(0, 0, 0)).toEqual(extreme);
    limits.close();
  });

  it.each([6, 4])('show a student of topK %i the same targets and augmentations as the tables they came from', (topK) => {
    const own = StoredViews.create(folder, views, topK);
    tables.forEach((table, shard) => own.add(shard, table));
    const settings = { unseenFill: 'lastMean', consistent: true, seed: 1, views: 3, topK, classes, augment } as const;
    const lessons = new StoredLessons(rows, 2, own, settings);
    for (let epoch = 0; epoch < 7; epoch++)
      rows.forEach((row, rowIndex) => {
        const table = tables[row.clip.shard]!;
        const at = row.clipRow * views.stored + (epoch % 3);
        const [mine, expected] = [new Float32Array(classes + 1), new Float32Array(classes + 1)];
        expect(lessons.augmentation(row, rowIndex, epoch)).toEqual({
          shift: table.shift[at],
          timeStart: table.timeStart[at],
          timeWidth: table.timeWidth[at],
          freqStart: table.freqStart[at],
          freqWidth: table.freqWidth[at],
        });
        lessons.writeTargets(row, rowIndex, epoch, mine, 1);
        writeTargets(table, at, classes, 'lastMean', topK, expected, 1);
        expect(mine).toEqual(expected);
      });
    own.close();
  });

  it('know which rows have logits, and refuse a corpus of other ones', () => {
    const more = [...rows, { ...rows.at(-1)!, clipRow: 99 }, { ...rows[0]!, chunk: 7 }];
    expect(rowsWithLogits(more, stored)).toEqual(rows);
    const settings = { unseenFill: 'zero', consistent: true, seed: 1, views: 3, topK: 6, classes, augment } as const;
    expect(() => new StoredLessons(rows.slice(1), 2, stored, settings)).toThrow('logit shard 0: 6 chunks, 5 planned');
    const swapped = new StoredLessons([rows[1]!, rows[0]!, ...rows.slice(2)], 2, stored, settings);
    expect(() => swapped.augmentation(rows[1]!, 0, 0)).toThrow('logits of 0-1 chunk 0 do not belong to it');
  });

  it('refuse logits with a view too few', () => {
    const other = StoredViews.create(folder, { stored: 5, kept: 1 }, 6);
    expect(() => other.add(0, tables[0]!)).toThrow('logit shard 0: 24 rows, no multiple of 5 views');
    expect(() => stored.read(0, 0, 3)).toThrow('logit shard 0 has no chunk 0 in view 3');
    expect(() => stored.read(2, 0, 0)).toThrow('no logits for audio shard 2');
    other.close();
  });
});
