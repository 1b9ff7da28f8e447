import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { halfValues } from '../../../ced/logits/half';
import {
  parsePublishedName,
  readPublishedRows,
  readPublishedSpans,
} from '../../../ced/logits/published/published-file';

const folder = join(__dirname, '../../reference/published');
const read = (name: string): Uint8Array => readFileSync(join(folder, name));

describe("a file of the authors' logits", () => {
  it('gives its rows, float16 bit by bit', async () => {
    const rows = await readPublishedRows(read('logits_ep1_0.h5'), 'logits_ep1_0.h5');
    expect([rows.rows, rows.topK]).toEqual([3, 20]);
    expect([...rows.seeds]).toEqual([774252441, 293375679, 83645520]);
    expect([...rows.indexes.subarray(0, 4)]).toEqual([286, 180, 56, 202]);
    const probabilities = Array.from(rows.values, (half) => halfValues[half]!);
    expect(probabilities.every((value) => value > 0 && value < 1)).toBe(true);
    for (let row = 0; row < 3; row++) {
      const own = probabilities.slice(row * 20, (row + 1) * 20);
      expect(own).toEqual([...own].sort((a, b) => b - a));
    }
  });

  it('says which part of which clip a row is, in samples', async () => {
    const { filenames, starts, ends } = await readPublishedSpans(
      read('logits_ep2_0.parquet'),
      'logits_ep2_0.parquet',
    );
    expect(filenames).toEqual(['clip0.wav', 'clip1.wav', 'clip2.wav']);
    expect([...starts]).toEqual([0, 0, 0]);
    expect([...ends]).toEqual([160_000, 123_456, 95_000]);
  });

  it('is told by its name', () => {
    expect(parsePublishedName('logits_ep12_3.h5')).toEqual({ pass: 12, rank: 3 });
    expect(parsePublishedName('logits_ep12_3.parquet')).toBeNull();
    expect(parsePublishedName('meta.pt')).toBeNull();
  });

  it('is refused when it is something else', async () => {
    await expect(readPublishedRows(read('replay.json'), 'x.h5')).rejects.toThrow(
      'not a valid published logits: x.h5 is no HDF5 file',
    );
    await expect(readPublishedSpans(read('logits_ep1_0.h5'), 'x.parquet')).rejects.toThrow(
      'not a valid published logits',
    );
  });
});
