import { measures } from '../measures';
import { median, row, tableHead } from '../table';

const side = (times: number[], peakBytes: number) => ({
  samples: times.map((ms) => ({ ms, cpuMs: 2 * ms })),
  peakBytes,
});
const [measure] = measures(['tiny'], 32, 'cpu');

describe("the benchmark's table", () => {
  it('has a row on a GPU for each way in which PyTorch steps and predicts', () => {
    const names = (device: 'cpu' | 'gpu'): string[] =>
      measures(['tiny'], 128, device).map(({ name }) => name.replace(/, batch.*/, ''));
    expect(names('gpu')).toEqual([
      ...['step tiny, PyTorch eager', 'step tiny, torch.compile'],
      ...['step tiny bf16, autocast', 'step tiny bf16, compiled'],
      ...['forward tiny, PyTorch eager', 'forward tiny, torch.compile'],
      ...['forward tiny bf16, autocast', 'forward tiny bf16, compiled', 'forward tiny, SDPA'],
      ...['loop tiny, bare step', 'loop tiny bf16, bare step', 'log-mel'],
    ]);
    expect(names('gpu')).toEqual(expect.arrayContaining(names('cpu')));
    expect(measures(['tiny'], 128, 'gpu').every(({ job }) => job.batch === 128)).toBe(true);
  });

  it('sets our median, minimum, CPU time and memory beside theirs', () => {
    expect(row(measure!, side([90, 70, 80], 5e8), side([100, 120, 140], 1e9))).toBe(
      '| step tiny, PyTorch eager, batch 32 | 80 | 70 | 160 | 500 | 120 | 100 | 240 | 1000 ' +
        '| 0.67 | 0.80 | 0.50 |',
    );
  });

  it('says where a goal is missed', () => {
    expect(row(measure!, side([110], 5e8), side([100], 1e9))).toContain('| 1.10 | 0.80 missed |');
  });

  it('has a cell for every column', () => {
    const cells = (text: string): number => text.split('|').length;
    expect(cells(tableHead().split('\n')[0]!)).toBe(
      cells(row(measure!, side([1], 1), side([1], 1))),
    );
  });

  it('takes the median of an odd and of an even number of times', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});
