import { bootstrap, bootstrapInParts } from '../../../ced/metrics/bootstrap';
import { meanAveragePrecision } from '../../../ced/metrics/mean-average-precision';
import { RankedClasses } from '../../../ced/metrics/ranked-classes';

const [ROWS, CLASSES] = [40, 5];
/** Some equal scores; the last class has no positive. */
const scores = Float32Array.from({ length: ROWS * CLASSES }, (_, index) =>
  Math.round(10 * Math.abs(Math.sin(index * 12.9898))),
);
const targets = Uint8Array.from({ length: ROWS * CLASSES }, (_, index) =>
  index % CLASSES < CLASSES - 1 && Math.abs(Math.sin(index * 78.233)) > 0.8 ? 1 : 0,
);
const nothing = (): Promise<void> => Promise.resolve();
const ranked = () => RankedClasses.of({ scores, targets, rows: ROWS, classes: CLASSES }, nothing);

function countsOf(drawn: Uint32Array): Uint32Array {
  const counts = new Uint32Array(ROWS);
  for (const row of drawn) counts[row]!++;
  return counts;
}

function plain(drawn: Uint32Array): number {
  const rows = (table: ArrayLike<number>): number[] =>
    [...drawn].flatMap((row) =>
      Array.from({ length: CLASSES }, (_, index) => table[row * CLASSES + index]!),
    );
  const table = { scores: rows(scores), targets: rows(targets) };
  return meanAveragePrecision({ ...table, rows: drawn.length, classes: CLASSES }).mean ?? NaN;
}

describe('classes that are ranked once', () => {
  it('give the mAP of every draw, of equal scores too', async () => {
    const classes = await ranked();
    let draws = 0;
    bootstrap(
      ROWS,
      (drawn) => {
        draws++;
        expect(classes.meanAveragePrecision(countsOf(drawn))).toBeCloseTo(plain(drawn), 12);
        return 0;
      },
      { draws: 50, seed: 2 },
    );
    expect(draws).toBe(50);
  });

  it('give nothing for a draw without a positive', async () => {
    const unlabelled = { scores, targets: new Uint8Array(ROWS * CLASSES) };
    const classes = await RankedClasses.of(
      { ...unlabelled, rows: ROWS, classes: CLASSES },
      nothing,
    );
    expect(classes.meanAveragePrecision(new Uint32Array(ROWS).fill(1))).toBeNull();
  });

  it('let a bootstrap in parts find what one without finds', async () => {
    const classes = await ranked();
    const of = (drawn: Uint32Array): number => classes.meanAveragePrecision(countsOf(drawn)) ?? 0;
    const options = { draws: 30, seed: 4 };
    let parts = 0;
    const inParts = await bootstrapInParts(ROWS, of, options, () => {
      parts++;
      return Promise.resolve();
    });
    expect(inParts).toEqual(bootstrap(ROWS, of, options));
    expect(parts).toBe(30);
  });
});
