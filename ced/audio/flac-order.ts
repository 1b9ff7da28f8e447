/**
 * Whether the frames of a FLAC stream follow each other: a sum shows that a frame is whole, not
 * that none is missing before it. RFC 9639, sections 9.1.2 and 9.1.5.
 */
import { ClipUnreadable } from './clip-unreadable';

/** Hz, by the code of a frame's header; 0 = as the stream's header says. */
const RATES = [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const RATE_96_KHZ = 11;

export class FlacOrder {
  /** Number that the next frame has; null before the first, which may have any. */
  private expected: number | null = null;

  constructor(private readonly sampleRate: number) {}

  /**
   * @param frame a whole one, whose header is valid
   * @throws ClipUnreadable `damaged` when it does not follow the frame before, or has another rate
   */
  add(frame: Uint8Array, samples: number): void {
    const code = frame[2]! & 15;
    const rate = code === RATE_96_KHZ ? 96_000 : (RATES[code] ?? 0);
    if (rate !== 0 && rate !== this.sampleRate)
      throw new ClipUnreadable(
        'damaged',
        `the FLAC stream states ${this.sampleRate} Hz, and a frame ${rate} Hz`,
      );
    const number = codedNumber(frame);
    if (this.expected !== null && number !== this.expected)
      throw new ClipUnreadable(
        'damaged',
        `the FLAC stream lacks frames: number ${number} comes, expected ${this.expected}`,
      );
    const countsSamples = (frame[1]! & 1) === 1;
    this.expected = number + (countsSamples ? samples : 1);
  }
}

/** Coded like UTF-8, in up to seven bytes from the fifth on. */
function codedNumber(frame: Uint8Array): number {
  const first = frame[4]!;
  const length = Math.clz32(~(first << 24));
  if (length === 0) return first;
  let number = first & (0x7f >> length);
  for (let byte = 1; byte < length; byte++) number = number * 64 + (frame[4 + byte]! & 0x3f);
  return number;
}
