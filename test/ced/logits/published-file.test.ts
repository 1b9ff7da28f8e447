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
const hostile = (name: string): Uint8Array =>
  readFileSync(join(__dirname, '../../reference/hostile', name));

describe("a file of the authors' logits", () => {
  // HDF5 tells its whole story; in a worker it goes where the reader process sends it.
  beforeEach(() => void jest.spyOn(console, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

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

  it('keeps its values when it is compressed', async () => {
    const { rows, topK, values, seeds } = await readPublishedRows(
      hostile('compressed.h5'),
      'compressed.h5',
    );
    expect([rows, topK, seeds[399]]).toEqual([400, 20, 399]);
    expect(halfValues[values[7999]!]).toBeCloseTo(0.999, 3);
  });

  it('is refused wherever a bit of a compressed chunk is flipped', async () => {
    const bytes = hostile('compressed.h5');
    const before = await readPublishedRows(bytes, 'compressed.h5');
    // A zlib stream begins with 78 5e at h5py's level, and gzip's sum covers all of it.
    const chunks: number[] = [];
    for (let at = 0; at < bytes.length - 1; at++)
      if (bytes[at] === 0x78 && bytes[at + 1] === 0x5e) chunks.push(at);
    expect(chunks.length).toBeGreaterThanOrEqual(4);
    for (const chunk of chunks)
      for (const offset of [2, 20, 40]) {
        const flipped = Uint8Array.from(bytes);
        flipped[chunk + offset]! ^= 4;
        const outcome = await readPublishedRows(flipped, 'x.h5').catch((error: Error) => error);
        // A bit behind the end of a short chunk may belong to nothing.
        if (outcome instanceof Error) expect(outcome.message).toMatch(/^not a valid published/);
        else expect(outcome).toEqual(before);
      }
    const inValues = Uint8Array.from(bytes);
    inValues[chunks[0]! + 20]! ^= 4;
    await expect(readPublishedRows(inValues, 'x.h5')).rejects.toThrow(
      'the values of topk_values cannot be read',
    );
  });

  it.each([
    ['external.h5', 'it wants to read /dev/urandom'],
    ['external-self.h5', 'it wants to read //external-self.h5'],
    ['linked.h5', 'it wants to read /external.h5'],
    ['virtual.h5', 'topk_values is put together from other datasets'],
    ['enormous.h5', 'topk_values claims 508000000 values, more than 1944 bytes can hold'],
  ])('is refused when its values are not in it: %s', async (name, reason) => {
    await expect(readPublishedRows(hostile(name), name)).rejects.toThrow(reason);
  });
});
