import { otherRateNote } from '../../../ced/teachers/usual-windows';

describe('a fixed length', () => {
  it.each([
    [144_000, '9 s at 16000 Hz, but 3 s at 48000 Hz is usual'],
    [480_000, '30 s at 16000 Hz, but 10 s at 48000 Hz is usual'],
    [320_000, '20 s at 16000 Hz, but 10 s at 32000 Hz is usual'],
    [220_500, '13.781 s at 16000 Hz, but 5 s at 44100 Hz or 10 s at 22050 Hz is usual'],
  ])('of %d samples is told as one of another rate', (samples, message) => {
    expect(otherRateNote(samples)).toContain(message);
  });

  it.each([15_600, 16_000, 48_000, 80_000, 160_000, 12_345])('of %d samples is not', (samples) => {
    expect(otherRateNote(samples)).toBeNull();
  });
});
