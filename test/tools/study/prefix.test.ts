import { cut } from '../../../tools/study/prefix-bytes';
import { createLogitTable } from '../../../ced/logits/logit-table';

describe('a prefix of stored logits', () => {
  it('keeps the first views and the most probable classes of each row', () => {
    const table = createLogitTable(4, 3);
    table.clip.set([0, 0, 1, 1]);
    table.view.set([0, 1, 0, 1]);
    table.shift.set([5, 6, 7, 8]);
    table.indexes.set([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8]);
    table.values.set([30, 20, 10, 31, 21, 11, 32, 22, 12, 33, 23, 13]);
    const kept = cut(table, { views: 1, topK: 2 });
    expect([...kept.clip]).toEqual([0, 1]);
    expect([...kept.shift]).toEqual([5, 7]);
    expect([...kept.indexes]).toEqual([9, 8, 3, 2]);
    expect([...kept.values]).toEqual([30, 20, 32, 22]);
  });
});
