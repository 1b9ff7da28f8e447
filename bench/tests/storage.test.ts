import { paperHdf5Bytes } from '../storage/paper-hdf5';
import { audioSetLike, taggerLogits } from '../storage/tagger-model';
import { halfValues } from '../../ced/logits/half';
import { decodeLogitShard, encodeLogitShard } from '../../ced/logits/shard-file';

describe('the made-up tagger that storage is measured with', () => {
  const model = { ...audioSetLike, clips: 24 };
  const table = taggerLogits(model);
  const { rows, topK, values, indexes } = table;

  it('gives one class a high probability, and the twentieth one dozens of times less', () => {
    const mean = (rank: number): number =>
      Array.from({ length: rows }, (_, row) => halfValues[values[row * topK + rank]!]!).reduce(
        (sum, p) => sum + p,
        0,
      ) / rows;
    expect(mean(0)).toBeGreaterThan(0.2);
    expect(mean(0)).toBeLessThan(0.8);
    expect(mean(19)).toBeLessThan(0.02);
    expect(mean(19)).toBeGreaterThan(1e-4);
  });

  it('gives the views of a clip most of their classes in common, and not all', () => {
    let [common, pairs] = [0, 0];
    for (let row = 1; row < rows; row++) {
      if (table.clip[row] !== table.clip[row - 1]) continue;
      const before = new Set(indexes.subarray((row - 1) * topK, row * topK));
      common += indexes
        .subarray(row * topK, (row + 1) * topK)
        .filter((index) => before.has(index)).length;
      pairs += topK;
    }
    expect(common / pairs).toBeGreaterThan(0.7);
    expect(common / pairs).toBeLessThan(0.95);
  });

  it('is the same in every run, and smaller than the paper’s files for few rows', async () => {
    expect(taggerLogits({ ...model, clips: 2 })).toEqual(taggerLogits({ ...model, clips: 2 }));
    const bytes = await encodeLogitShard(table);
    expect(await decodeLogitShard(bytes)).toEqual(table);
    const paper = await paperHdf5Bytes(table);
    expect(paper).toEqual({ rows: rows * 84, aFile: 2048 });
    expect(bytes.length).toBeLessThan(paper.rows);
  });
});
