/**
 * Opus in Ogg, through libopus in WebAssembly: the pre-skip is dropped, the last page's position
 * ends the stream, the header's output gain is applied. Gains in tags (R128_TRACK_GAIN) are a wish
 * for playback and are not. RFC 7845.
 */
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import type { PagePackets } from './ogg-packets';
import { OggSpan } from './ogg-span';
import { blocksOf } from './wasm-decoder';

const MOST_CHANNELS = 64;
/** Of a second at most, in up to 64 channels: all that comes of a piece is held at once. */
const PIECE_PACKETS = 8;
/** What the decoder has room for, a channel. */
const MOST_PACKET_BYTES = 3840;

interface OpusHead {
  channels: number;
  preSkip: number;
  /** Factor. */
  gain: number;
  streamCount: number;
  coupledStreamCount: number;
  channelMappingTable: number[];
}

/** @param pages of one stream. @throws ClipUnreadable `damaged` or `unsupportedCodec` */
export async function* opusBlocks(pages: AsyncGenerator<PagePackets>): AsyncGenerator<AudioBlock> {
  const first = await pages.next();
  const packet = first.done ? undefined : first.value.packets[0];
  if (!packet) throw new ClipUnreadable('damaged', 'the Ogg Opus stream has no header');
  const head = readHead(packet);
  const { OpusDecoder } = await import('opus-decoder');
  const span = new OggSpan(head.preSkip);
  const blocks = blocksOf(
    'the Ogg Opus stream',
    new OpusDecoder(head),
    pieces(pages, head, span),
    (decoder, packets) => decoder.decodeFrames(packets),
  );
  for await (const block of blocks) {
    const cut = span.cut(block);
    if (cut) yield head.gain === 1 ? cut : scaled(cut, head.gain);
  }
}

/** Section 5.1. */
function readHead(packet: Uint8Array): OpusHead {
  if (packet.length < 19)
    throw new ClipUnreadable('damaged', 'the header of the Ogg Opus stream is cut short');
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const channels = packet[9]!;
  const family = packet[18]!;
  // 0: mono or stereo; 1: surround; 2: ambisonics; 255: channels without a meaning.
  if (![0, 1, 2, 255].includes(family) || channels > MOST_CHANNELS)
    throw new ClipUnreadable(
      'unsupportedCodec',
      `the Ogg Opus stream has ${channels} channels of mapping family ${family}, ` +
        `expected at most ${MOST_CHANNELS} of family 0, 1, 2 or 255`,
    );
  const isPlain = family === 0;
  const table = isPlain ? [0, 1].slice(0, channels) : [...packet.subarray(21, 21 + channels)];
  const streamCount = isPlain ? 1 : (packet[19] ?? 0);
  const coupledStreamCount = isPlain ? channels - 1 : (packet[20] ?? 0);
  if (channels === 0 || table.length !== channels || coupledStreamCount > streamCount)
    throw new ClipUnreadable('damaged', 'the Ogg Opus stream maps no channels');
  return {
    channels,
    preSkip: view.getUint16(10, true),
    // A fixed-point number of dB with 8 bits behind the point.
    gain: 10 ** (view.getInt16(16, true) / 256 / 20),
    streamCount,
    coupledStreamCount,
    channelMappingTable: table,
  };
}

async function* pieces(
  pages: AsyncGenerator<PagePackets>,
  { channels }: OpusHead,
  span: OggSpan,
): AsyncGenerator<Uint8Array[]> {
  await skipTags(pages);
  for await (const { packets, page, isLast } of pages) {
    const samples = packets.reduce((sum, packet) => sum + durationOf(packet), 0);
    span.addPage(samples, page.position, isLast);
    if (packets.some((packet) => packet.length > MOST_PACKET_BYTES * channels))
      throw new ClipUnreadable(
        'unsupportedCodec',
        `the Ogg Opus stream has packets of more than ${MOST_PACKET_BYTES} bytes a channel`,
      );
    for (let at = 0; at < packets.length; at += PIECE_PACKETS)
      yield packets.slice(at, at + PIECE_PACKETS);
  }
}

/** The second packet, which may span pages and ends one. Section 5.2. */
async function skipTags(pages: AsyncGenerator<PagePackets>): Promise<void> {
  for (let next = await pages.next(); !next.done; next = await pages.next()) {
    const [packet] = next.value.packets;
    if (!packet) continue;
    if (Buffer.from(packet.subarray(0, 8)).toString('latin1') !== 'OpusTags') break;
    return;
  }
  throw new ClipUnreadable('damaged', 'the Ogg Opus stream has no tags');
}

/** Samples at 48 kHz, by the packet's first bytes. RFC 6716, section 3.1. */
function durationOf(packet: Uint8Array): number {
  const [toc = 0, count = 0] = packet;
  const config = toc >> 3;
  // SILK lasts 10 to 60 ms, hybrid 10 or 20 ms, CELT 2.5 to 20 ms a frame.
  const frame =
    config < 12
      ? [480, 960, 1920, 2880][config & 3]!
      : config < 16
        ? [480, 960][config & 1]!
        : 120 << (config & 3);
  return frame * [1, 2, 2, count & 0x3f][toc & 3]!;
}

function scaled({ sampleRate, channels }: AudioBlock, gain: number): AudioBlock {
  return { sampleRate, channels: channels.map((each) => each.map((sample) => sample * gain)) };
}
