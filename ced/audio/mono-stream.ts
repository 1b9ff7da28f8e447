/**
 * From the blocks of a decoder to samples at 16 kHz while they come: end to end the samples that
 * `toMono` gives of the whole, in memory that does not grow with the recording.
 */
import type { AudioBlock } from './audio-block';
import { monoOf } from './channels';
import { checkRate, sampleRate } from './mono16k';
import { MonoTrack } from './mono-track';
import { appendQuantised } from './quantise';
import { SampleMemory } from './sample-memory';

export interface MonoStreamOptions {
  /** Number of the channel to take, from 0; null = the mean of all. @default null */
  channel?: number | null;
  /**
   * Each sample is given as soon as the input that it depends on has come, not gathered for larger
   * blocks. @default false
   */
  isLive?: boolean;
}

/**
 * @yields int16 [samples], valid until the next is asked for
 * @throws ClipUnreadable `absurdRate` or `notFinite`
 */
export async function* monoStream(
  blocks: AsyncIterable<AudioBlock>,
  { channel = null, isLive = false }: MonoStreamOptions = {},
): AsyncGenerator<Int16Array> {
  const memory = new SampleMemory();
  const track = new MonoTrack(sampleRate, memory, appendQuantised);
  let rate = 0;
  for await (const block of blocks) {
    // Streams in a file one after the other each have a rate.
    if (block.sampleRate !== rate) {
      rate = block.sampleRate;
      checkRate(rate);
      track.end();
      track.begin(rate);
    }
    track.add(monoOf(block, channel));
    if (isLive) track.flush();
    if (memory.length > 0) yield memory.take();
  }
  track.end();
  if (memory.length > 0) yield memory.take();
}
