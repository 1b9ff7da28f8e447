import { LengthBatches } from '../../../ced/corpus/length-batches';

describe('batches of equal length', () => {
  it('never mix lengths, never pad, and lose nothing', () => {
    const batches = new LengthBatches<string>(2);
    const add = (samples: number, name: string) =>
      batches.add(samples, name, (out, at) => out.fill(name.charCodeAt(0), at, at + samples));
    expect(add(3, 'a')).toBeNull();
    expect(add(2, 'b')).toBeNull();
    const full = add(3, 'c');
    expect(full).toMatchObject({ samples: 3, rows: 2, items: ['a', 'c'] });
    expect([...(full?.pcm ?? [])]).toEqual([97, 97, 97, 99, 99, 99]);
    expect(batches.rest().map(({ samples, items, pcm }) => [samples, items, pcm.length])).toEqual([
      [2, ['b'], 2],
    ]);
    expect(batches.rest()).toEqual([]);
  });
});
