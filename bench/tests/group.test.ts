import { groupBench } from '../group';
import { measureExchanges, type ExchangeRow } from '../group/exchange-table';

describe('the measurement of a group', () => {
  afterEach(() => jest.restoreAllMocks());

  it('finds the bytes of one process in two, and says what they exchange', async () => {
    const printed: string[] = [];
    jest.spyOn(console, 'log').mockImplementation((text) => void printed.push(String(text)));
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const options = ['--only', 'steps', '--batch', '4', '--parts', '2', '--rounds', '1'];
    expect(await groupBench(options)).toBe(0);
    const text = printed.join('\n');
    expect(text).toMatch(/^tiny, batch 4 in 2 parts, float32, one thread a process, on the cpu\n/);
    expect(text).toMatch(/weights and moments of all: SHA-256 [0-9a-f]{64}$/);
  });

  it('counts as many bytes on the connections as the model predicts', async () => {
    const rows: ExchangeRow[] = [];
    const plan = { models: ['tiny'], workers: [2], parts: [2, 3], rounds: 1 } as const;
    await measureExchanges(plan, (row) => rows.push(row));
    expect(rows.map(({ parts }) => parts)).toEqual([2, 3]);
    for (const { bytes } of rows) {
      // Requests and the frames of gRPC come on top.
      const counted = (bytes.measured ?? bytes.predicted) / bytes.predicted;
      expect(counted).toBeGreaterThanOrEqual(1);
      expect(counted).toBeLessThan(1.02);
    }
  });
});
