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
});
