import { furtherRates, sampleRateSchema } from '../../workflows/contract/sample-rates';

describe('the sample rates of a run', () => {
  it('are those of its teachers, each once, besides 16 kHz', () => {
    expect(furtherRates([48_000, 16_000, undefined, 32_000, 48_000])).toEqual([32_000, 48_000]);
    expect(furtherRates([])).toEqual([]);
    expect(furtherRates([undefined, 16_000])).toEqual([]);
  });

  it.each([0, 999, 192_001, 44_100.5, NaN, -32_000])('may not be %d Hz', (hertz) => {
    expect(sampleRateSchema.safeParse(hertz).success).toBe(false);
  });

  it.each([1000, 22_050, 192_000])('may be %d Hz', (hertz) => {
    expect(sampleRateSchema.parse(hertz)).toBe(hertz);
  });
});
