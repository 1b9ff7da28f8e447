/**
 * Which of a stream's decoded samples its positions count. Positions need not start at 0 where a
 * stream was captured on its way, start below 0 where ffmpeg cut its beginning off without encoding
 * it anew, and end within the last page's packets. Vorbis I, section A.2; RFC 7845, section 4.
 */
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';

export class OggSpan {
  /** Samples of the packets so far, by their headers. */
  packets = 0;
  /** All of them, once the last page has come. */
  private wanted = Infinity;
  /** Those before position 0 that have not been dropped yet. */
  private unwanted = 0;
  private given = 0;
  private start: number | null = null;

  /** @param preSkip samples that positions count and the decoder drops */
  constructor(private readonly preSkip: number) {}

  /**
   * To be called before what a page holds is decoded.
   * @param samples of the packets that end on it
   * @param position −1 where none does
   * @throws ClipUnreadable `damaged` when the last one cuts off more than its own page holds
   */
  addPage(samples: number, position: number, isLast: boolean): void {
    this.packets += samples;
    if (position < 0 || samples === 0) return;
    if (this.start === null) {
      // Before the end, the first position is that of all that was decoded.
      this.start = isLast ? 0 : position - this.packets;
      this.unwanted = Math.max(0, -this.start);
    }
    if (!isLast) return;
    this.wanted = Math.max(0, position - Math.max(0, this.start) - this.preSkip);
    if (this.wanted < this.given)
      throw new ClipUnreadable(
        'damaged',
        `the Ogg stream ends at sample ${this.wanted}, before its last page`,
      );
  }

  /** @returns null where nothing of the block is left */
  cut({ sampleRate, channels }: AudioBlock): AudioBlock | null {
    const samples = channels[0]?.length ?? 0;
    const from = Math.min(samples, this.unwanted);
    const to = Math.min(samples, from + Math.max(0, this.wanted - this.given));
    this.unwanted -= from;
    this.given += to - from;
    return to === from
      ? null
      : { sampleRate, channels: channels.map((channel) => channel.subarray(from, to)) };
  }
}
