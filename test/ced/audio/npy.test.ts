import fc from 'fast-check';
import {
  encodeNpyInt16,
  npyHeaderBytes,
  npySampleRange,
  parseNpyInt16Header,
  samplesFromBytes,
} from '../../../ced/audio/npy';

describe('the samples of an audio shard', () => {
  it('are found again clip by clip, through the first bytes and a range', () => {
    const part = fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const total = parts.flat().length;
        const file = encodeNpyInt16(
          total,
          parts.map((samples) => Int16Array.from(samples)),
        );
        const header = parseNpyInt16Header(file.subarray(0, npyHeaderBytes));
        expect(header.length).toBe(total);
        expect(header.dataOffset % 64).toBe(0);
        let offset = 0;
        for (const samples of parts) {
          const { start, end } = npySampleRange(header, offset, samples.length);
          expect(Array.from(samplesFromBytes(file.subarray(start, end)))).toEqual(samples);
          offset += samples.length;
        }
      }),
    );
  });

  it('are read from unaligned bytes too', () => {
    const shifted = Uint8Array.of(9, 1, 0, 255, 255).subarray(1);
    expect(Array.from(samplesFromBytes(shifted))).toEqual([1, -1]);
  });

  it('must be as many as announced', () => {
    expect(() => encodeNpyInt16(3, [Int16Array.of(1, 2)])).toThrow('2 samples, not 3');
    expect(() => encodeNpyInt16(1, [Int16Array.of(1, 2)])).toThrow('more than 1');
  });

  it('are refused when the file is another array', () => {
    const file = encodeNpyInt16(1, [Int16Array.of(1)]);
    const asFloat = Buffer.from(
      Buffer.from(file).toString('latin1').replace('<i2', '<f4'),
      'latin1',
    );
    for (const bytes of [asFloat, file.subarray(0, 20), Buffer.from('RIFF')]) {
      expect(() => parseNpyInt16Header(bytes)).toThrow(
        expect.objectContaining({ code: 'FormatInvalid', format: 'npy' }) as Error,
      );
    }
  });
});
