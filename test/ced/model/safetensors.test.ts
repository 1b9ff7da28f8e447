import { fromHalf, toHalf } from '../../../ced/logits/half';
import fc from 'fast-check';
import {
  SafetensorsInvalid,
  decodeSafetensors,
  encodeSafetensors,
  safetensorsMetadata,
} from '../../../ced/model/safetensors';

const tensors = fc.dictionary(
  fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
  fc.float32Array({ noNaN: true, maxLength: 20 }),
  { maxKeys: 5 },
);
const asTensors = (values: Record<string, Float32Array>) =>
  new Map(Object.entries(values).map(([name, data]) => [name, { shape: [data.length], data }]));

describe('safetensors', () => {
  it('gives back every float32 tensor bit for bit', () => {
    fc.assert(
      fc.property(tensors, (values) => {
        const decoded = decodeSafetensors(encodeSafetensors(asTensors(values)));
        expect(new Map([...decoded].map(([name, { data }]) => [name, data]))).toEqual(
          new Map(Object.entries(values)),
        );
      }),
    );
  });

  it('writes the same bytes whatever the order of the tensors', () => {
    const a = { shape: [2, 1], data: Float32Array.of(1, 2) };
    const b = { shape: [], data: Float32Array.of(3) };
    const metadata = { format: 'pt', epoch: '3' };
    const bytes = encodeSafetensors(
      new Map([
        ['a', a],
        ['b', b],
      ]),
      'F32',
      metadata,
    );
    expect(
      encodeSafetensors(
        new Map([
          ['b', b],
          ['a', a],
        ]),
        'F32',
        { epoch: '3', format: 'pt' },
      ),
    ).toEqual(bytes);
    expect(safetensorsMetadata(bytes)).toEqual(metadata);
    expect(decodeSafetensors(bytes).get('a')?.shape).toEqual([2, 1]);
  });

  it('keeps every float16 number', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromHalf(bits);
      if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
    }
  });

  it.each([
    [1 + 2 ** -11, 1], // a tie goes to even
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [65519, 65504],
    [65520, Infinity],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 2 ** -24],
  ])('rounds %d to the float16 %d', (value, expected) => {
    expect(fromHalf(toHalf(value))).toBe(expected);
  });

  it('reads bfloat16 and int64', () => {
    const header = JSON.stringify({
      b: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] },
      n: { dtype: 'I64', shape: [], data_offsets: [4, 12] },
    });
    const bytes = Buffer.alloc(8 + header.length + 12);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.write(header, 8);
    bytes.writeUInt16LE(0x3fc0, 8 + header.length); // 1.5
    bytes.writeUInt16LE(0xc000, 10 + header.length); // -2
    bytes.writeBigInt64LE(7n, 12 + header.length);
    const decoded = decodeSafetensors(bytes);
    expect([...(decoded.get('b')?.data ?? [])]).toEqual([1.5, -2]);
    expect([...(decoded.get('n')?.data ?? [])]).toEqual([7]);
  });

  it('refuses a file that was cut short', () => {
    const bytes = encodeSafetensors(asTensors({ a: Float32Array.of(1, 2, 3) }));
    for (const length of [0, 7, 20, bytes.length - 1])
      expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(SafetensorsInvalid);
  });

  it('names a Git LFS pointer, an archive or a web page in the place of weights', () => {
    const lfs = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`;
    expect(() => decodeSafetensors(Buffer.from(lfs))).toThrow(
      'it is a Git LFS pointer, not the weights; fetch the file with `git lfs pull`',
    );
    expect(() => decodeSafetensors(Buffer.from('<!DOCTYPE html><p>Sign in'))).toThrow(
      'it is a web page, not the weights',
    );
  });

  describe('of a stranger', () => {
    /** A file with this header, as text so that it can say what JSON.stringify cannot. */
    const file = (header: string, bodyBytes: number): Uint8Array => {
      const bytes = Buffer.alloc(8 + Buffer.byteLength(header) + bodyBytes);
      bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
      bytes.write(header, 8);
      return bytes;
    };
    const tensor = (begin: number, end: number): object => ({
      dtype: 'F32',
      shape: [(end - begin) / 4],
      data_offsets: [begin, end],
    });
    const named = (tensors: Record<string, unknown>): string => JSON.stringify(tensors);

    it.each([
      ['overlap', named({ a: tensor(0, 8), b: tensor(4, 12) }), 12, 'b begins at byte 4'],
      ['are one', named({ a: tensor(0, 8), b: tensor(0, 8) }), 8, 'b begins at byte 0'],
      ['leave a hole', named({ a: tensor(0, 4), b: tensor(8, 12) }), 12, 'b begins at byte 8'],
      ['begin late', named({ a: tensor(4, 8) }), 8, 'a begins at byte 4'],
      ['end early', named({ a: tensor(0, 4) }), 8, 'cover 4 bytes of the 8'],
      ['end late', named({ a: tensor(0, 12) }), 8, 'cover 12 bytes of the 8'],
    ])('is refused when its tensors %s', (_, header, bodyBytes, reason) => {
      expect(() => decodeSafetensors(file(header, bodyBytes))).toThrow(reason);
    });

    it.each([
      ['a fraction of a byte', { ...tensor(0, 4), data_offsets: [0.5, 4.5] }, 'no data_offsets'],
      ['three offsets', { ...tensor(0, 4), data_offsets: [0, 4, 8] }, 'no data_offsets'],
      ['a negative offset', { ...tensor(0, 4), data_offsets: [-4, 0] }, 'no data_offsets'],
      ['a negative extent', { ...tensor(0, 4), shape: [-1, -1] }, 'no shape'],
      ['more values than can be counted', { ...tensor(0, 4), shape: [2 ** 40, 2 ** 40] }, 'claims'],
      ['a type of its own', { ...tensor(0, 4), dtype: 'constructor' }, 'unknown type'],
      ['nothing', null, 'unknown type'],
    ])('is refused when a tensor claims %s', (_, entry, reason) => {
      expect(() => decodeSafetensors(file(named({ a: entry }), 4))).toThrow(reason);
    });

    it('is refused when it names a tensor, or anything, twice', () => {
      const entry = JSON.stringify(tensor(0, 4));
      for (const [header, name] of [
        [`{"a":${entry},"a":${entry}}`, 'a'],
        [`{"a":${entry},"\\u0061":${entry}}`, 'a'],
        [`{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,4]}}`, 'shape'],
        [`{"__metadata__":{"format":"pt","format":"tf"},"a":${entry}}`, 'format'],
      ] as const)
        expect(() => decodeSafetensors(file(header, 4))).toThrow(`names ${name} twice`);
      const good = `{"__metadata__":{"a":"\\"a\\",","b":"a"},"a":${entry}}`;
      expect([...decodeSafetensors(file(good, 4)).keys()]).toEqual(['a']);
    });

    it('is refused when its header is no object of what a header holds', () => {
      for (const header of ['[]', 'null', '7', '{"__metadata__":{"a":1}}', '{"__metadata__":"a"}'])
        expect(() => decodeSafetensors(file(header, 0))).toThrow(SafetensorsInvalid);
      expect(() => decodeSafetensors(file(' '.repeat(2 ** 23 + 1), 0))).toThrow('that are read');
    });

    it('names what is wrong in a line, however long its names are', () => {
      const bytes = file(named({ ['x'.repeat(1e6)]: tensor(4, 8) }), 8);
      expect(() => decodeSafetensors(bytes)).toThrow(/^x{100}… begins at byte 4.{0,60}$/);
    });

    it('costs memory for the tensors that are asked for alone', () => {
      const values = 2 ** 24;
      const header = named({
        wanted: { dtype: 'I8', shape: [4], data_offsets: [0, 4] },
        unwanted: { dtype: 'I8', shape: [values], data_offsets: [4, 4 + values] },
      });
      const bytes = file(header, 4 + values);
      const before = process.memoryUsage().arrayBuffers;
      const decoded = decodeSafetensors(bytes);
      expect([...decoded.get('wanted')!.data]).toEqual([0, 0, 0, 0]);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(values);
      expect(decoded.get('unwanted')!.shape).toEqual([values]);
    });
  });
});
