/**
 * How many bytes of a file may give no audio: tags, padding, and the pages of streams beside the
 * audio. What each format holds before its audio has limits of its own; this one ends sources that
 * go on without any end, whatever they send.
 */
import type { AudioBlock } from './audio-block';
import { channelCount, sampleCount } from './channels';
import { ClipUnreadable } from './clip-unreadable';

/** More than the headers and tags of any format may take. */
const FREE_BYTES = 2 ** 27;
/** Video of 67 Mbit/s beside the audio. */
const BYTES_PER_SECOND = 2 ** 23;
/** No format takes more for the audio itself: float64. */
const BYTES_PER_SAMPLE = 8;
/** A whole file may come at once: so much of it is decoded before the next is counted. */
const COUNTED_BYTES = 2 ** 24;

export class ByteBudget {
  private left = FREE_BYTES;

  /** The same bytes. @throws ClipUnreadable `damaged` when too many bytes gave too little audio */
  async *spentOn(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const part of parts)
      for (let at = 0; at < part.length; at += COUNTED_BYTES)
        yield this.spend(part.subarray(at, at + COUNTED_BYTES));
  }

  /** The same blocks, decoded from those parts. */
  async *earnedBy(blocks: AsyncIterable<AudioBlock>): AsyncGenerator<AudioBlock> {
    for await (const block of blocks) {
      const samples = sampleCount(block);
      this.left += samples * channelCount(block) * BYTES_PER_SAMPLE;
      this.left += (samples / block.sampleRate) * BYTES_PER_SECOND;
      yield block;
    }
  }

  private spend(bytes: Uint8Array): Uint8Array {
    this.left -= bytes.length;
    if (this.left < 0)
      throw new ClipUnreadable(
        'damaged',
        `it goes on without audio: more than ${FREE_BYTES / 2 ** 20} MiB, and ` +
          `${BYTES_PER_SECOND / 2 ** 20} MiB for each second of its audio, gave none`,
      );
    return bytes;
  }
}
