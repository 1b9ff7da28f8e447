import { chunkPlan } from '../../../ced/audio/chunks';
import { drawAugmentation } from '../../../ced/augment/parameters';
import { CLEAN_VIEW, encodeTeacherRows, teacherRows } from '../../../ced/teachers/teacher-rows';

const clips = [
  { sha256: 'a'.repeat(64), chunks: chunkPlan(40_000, 1), offset: 0 },
  { sha256: 'b'.repeat(64), chunks: chunkPlan(9_999, 1), offset: 110_250 },
];
const settings = {
  views: 2,
  seed: 7,
  augment: {
    shift: { maxFraction: 0.5, probability: 1 },
    timeMask: { maxFrames: 40 },
    freqMask: { maxBins: 9 },
  },
};
const tableOf = (numbers: BigInt64Array): number[][] =>
  Array.from({ length: numbers.length / 10 }, (_, row) =>
    Array.from(numbers.subarray(row * 10, (row + 1) * 10), Number),
  );

describe('the rows that a teacher in another process predicts', () => {
  it('are every view of every chunk, with its place at the rate and what was drawn for it', () => {
    const rows = tableOf(teacherRows(clips, settings, 44_100));
    expect(rows.map((row) => row.slice(0, 5))).toEqual([
      [0, 0, 0, 0, 44_100],
      [0, 0, 1, 0, 44_100],
      [0, 1, 0, 44_100, 44_100],
      [0, 1, 1, 44_100, 44_100],
      [0, 2, 0, 88_200, 22_050],
      [0, 2, 1, 88_200, 22_050],
      [1, 0, 0, 110_250, 27_560],
      [1, 0, 1, 110_250, 27_560],
    ]);
    const drawn = drawAugmentation(
      settings.augment,
      { seed: 7, clipSha256: 'b'.repeat(64), chunk: 0, view: 1 },
      9_999,
    );
    expect(drawn.shift).toBeGreaterThan(0);
    expect(rows[7]!.slice(5)).toEqual([
      Math.floor((drawn.shift * 44_100) / 16_000 + 0.5),
      drawn.timeStart,
      drawn.timeWidth,
      drawn.freqStart,
      drawn.freqWidth,
    ]);
  });

  it('are the chunks of 16 kHz at 16 kHz, and unchanged in a clean view', () => {
    expect(tableOf(teacherRows(clips, CLEAN_VIEW, 16_000))).toEqual([
      [0, 0, 0, 0, 16_000, 0, 0, 0, 0, 0],
      [0, 1, 0, 16_000, 16_000, 0, 0, 0, 0, 0],
      [0, 2, 0, 32_000, 8_000, 0, 0, 0, 0, 0],
      [1, 0, 0, 110_250, 9_999, 0, 0, 0, 0, 0],
    ]);
  });

  it('are written as a NumPy file of int64 in rows', () => {
    const { bytes, rows } = encodeTeacherRows(clips, CLEAN_VIEW, 16_000);
    expect(rows).toBe(4);
    const text = Buffer.from(bytes).toString('latin1');
    const header = text.slice(0, text.indexOf('\n') + 1);
    expect(header).toMatch(/^\x93NUMPY\x01\x00..\{'descr': '<i8', 'fortran_order': False, /s);
    expect(header).toContain("'shape': (4, 10), }");
    expect(header.length % 64).toBe(0);
    const file = Buffer.from(bytes);
    expect(file.length).toBe(header.length + 4 * 10 * 8);
    expect(file.readBigInt64LE(header.length + 34 * 8)).toBe(9_999n);
  });
});
