import { alignedTable } from '../../cli/aligned-table';

describe('a table for a terminal', () => {
  it('counts the columns that a terminal shows, not characters', () => {
    const rows = [
      ['太鼓', '1'],
      ['Gong', '20'],
      ['Timpa\u0302ni', '3'],
    ];
    expect(alignedTable(rows, (column) => column === 1)).toEqual([
      '太鼓      1',
      'Gong     20',
      'Timpa\u0302ni   3',
    ]);
  });

  it('takes more rows than a call takes arguments', () => {
    const rows = Array.from({ length: 200_000 }, (_, row) => [String(row)]);
    expect(alignedTable(rows, () => true)[0]).toBe('     0');
  });
});
