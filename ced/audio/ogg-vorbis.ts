/**
 * Vorbis in Ogg, through stb_vorbis in WebAssembly. That decoder passes over packets that it cannot
 * decode and does not cut the beginning, so packets are counted here. Vorbis I specification.
 */
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import type { PagePackets } from './ogg-packets';
import { OggSpan } from './ogg-span';
import { blocksOf } from './wasm-decoder';

/** As many as stb_vorbis has room for: surround with all its heights. */
const MOST_CHANNELS = 16;
const IDENTIFICATION_BYTES = 30;
const SETUP = 5;

/** @param pages of one stream. @throws ClipUnreadable `damaged` or `unsupportedCodec` */
export async function* vorbisBlocks(
  pages: AsyncGenerator<PagePackets>,
): AsyncGenerator<AudioBlock> {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  const span = new OggSpan(0);
  let samples = 0;
  const blocks = blocksOf(
    'the Ogg Vorbis stream',
    new OggVorbisDecoder(),
    pageBytes(pages, span),
    (decoder, page) => decoder.decode(page),
    (decoder) => decoder.flush(),
  );
  for await (const block of blocks) {
    samples += block.channels[0]!.length;
    const cut = span.cut(block);
    if (cut) yield cut;
  }
  if (samples !== span.packets)
    throw new ClipUnreadable(
      'damaged',
      `the Ogg Vorbis stream gives ${samples} samples of ${span.packets}`,
    );
}

async function* pageBytes(
  pages: AsyncGenerator<PagePackets>,
  span: OggSpan,
): AsyncGenerator<Uint8Array> {
  const durations = new VorbisDurations();
  // The decoder's parser copies a packet for each page that it goes on to, so it gets whole ones.
  let held: Uint8Array[] = [];
  for await (const { packets, page, isLast } of pages) {
    const samples = packets.reduce((sum, packet) => sum + durations.of(packet), 0);
    span.addPage(samples, page.position, isLast);
    // The end is cut here; the decoder would cut what it takes for the end.
    const bytes = Uint8Array.from(page.bytes);
    bytes[5]! &= ~4;
    held.push(bytes);
    if (packets.length === 0) continue;
    yield held.length === 1 ? bytes : Buffer.concat(held);
    held = [];
  }
}

/** Samples of packets, by the sizes of their blocks. Section 4.3.8. */
class VorbisDurations {
  private blockSizes: [number, number] = [0, 0];
  private modes: number[] = [];
  private previous = 0;

  of(packet: Uint8Array): number {
    const type = packet[0];
    if (type === undefined) return 0;
    if ((type & 1) === 1) {
      this.readHeader(packet);
      return 0;
    }
    const modeBits = 32 - Math.clz32(this.modes.length - 1);
    const mode = this.modes[(type >> 1) & ((1 << modeBits) - 1)] ?? 0;
    const size = this.blockSizes[mode]!;
    // The first packet only primes the overlap.
    const samples = this.previous === 0 ? 0 : (this.previous + size) / 4;
    this.previous = size;
    return samples;
  }

  private readHeader(packet: Uint8Array): void {
    if (packet[0] === 1 && packet.length >= IDENTIFICATION_BYTES) {
      const channels = packet[11]!;
      if (channels > MOST_CHANNELS)
        throw new ClipUnreadable(
          'unsupportedCodec',
          `the Ogg file has ${channels} channels, expected at most ${MOST_CHANNELS}`,
        );
      this.blockSizes = [1 << (packet[28]! & 15), 1 << (packet[28]! >> 4)];
    }
    if (packet[0] === SETUP) this.modes = modesOf(packet);
  }
}

/**
 * Which block size each mode has. Modes end the set-up header, and what stands before them can only
 * be skipped by decoding it, so they are read from the end, as liboggz and ffmpeg do: entries of 1
 * bit (size), 32 zeros and 8 bits, until 6 bits hold their number less one. Section 4.2.4.
 */
function modesOf(setup: Uint8Array): number[] {
  const bit = (at: number): number => (setup[at >> 3]! >> (at & 7)) & 1;
  const bits = (at: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value += bit(at + index) * 2 ** index;
    return value;
  };
  let end = 8 * setup.length - 1;
  while (end > 0 && bit(end) === 0) end--;
  let found: number[] = [];
  const sizes: number[] = [];
  for (let at = end - 41; at >= 6 + 56 && bits(at + 1, 32) === 0; at -= 41) {
    sizes.unshift(bit(at));
    if (bits(at - 6, 6) + 1 === sizes.length) found = [...sizes];
  }
  if (found.length === 0)
    throw new ClipUnreadable('damaged', 'the Ogg Vorbis stream has no modes in its set-up');
  return found;
}
