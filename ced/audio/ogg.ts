/**
 * Ogg with Vorbis, Opus or FLAC inside. A file may hold several streams one after the other, its
 * links, each with a codec, a rate and channels of its own: every link is decoded by itself. Of
 * streams side by side (a picture, a skeleton) the first that holds audio is taken. RFC 3533.
 */
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { Ahead } from './ahead';
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import { flacBlocks } from './flac';
import { opusBlocks } from './ogg-opus';
import { MOST_PACKET_BYTES, pagePackets, refusePacket } from './ogg-packets';
import { checkedPages, isPage, pageBody, type OggPage } from './ogg-pages';
import { blocksOf, someOf } from './wasm-decoder';

/** As many as stb_vorbis has room for: surround with all its heights. */
const MOST_VORBIS_CHANNELS = 16;

type Codec = 'Vorbis' | 'Opus' | 'FLAC';
const SIGNATURES: Readonly<Record<Codec, string>> = {
  Vorbis: '\x01vorbis',
  Opus: 'OpusHead',
  FLAC: '\x7fFLAC\x01',
};

export function isOgg(bytes: Uint8Array): boolean {
  return isPage(bytes, 0);
}

/** @throws ClipUnreadable `damaged`, `unsupportedCodec` or `tooLong` */
export async function* oggBlocks(
  parts: AsyncIterable<Uint8Array>,
  longestSeconds: number,
): AsyncGenerator<AudioBlock> {
  const pages = new Ahead(checkedPages(parts));
  try {
    if ((await pages.peek()) === null)
      throw new ClipUnreadable('damaged', 'the Ogg file holds no page');
    yield* someOf('the Ogg stream', links(pages, longestSeconds));
  } finally {
    await pages.close();
  }
}

/** @throws ClipUnreadable `unsupportedCodec` only where ffmpeg, which reads one, would read all */
async function* links(pages: Ahead<OggPage>, longestSeconds: number): AsyncGenerator<AudioBlock> {
  for (let number = 1; (await pages.peek()) !== null; number++) {
    try {
      const { head, codec } = await nextAudio(pages);
      const link = linkPages(pages, head);
      yield* linkBlocks(codec, head, link, longestSeconds);
      // FLAC that states its length is not read to its last page.
      for await (const page of link) void page;
    } catch (error) {
      if (!(error instanceof ClipUnreadable) || error.reason !== 'unsupportedCodec') throw error;
      if (number === 1 && !(await hasLaterLink(pages))) throw error;
      const what = error.message.replace(/^\w+: /, '');
      throw new ClipUnreadable(
        'damaged',
        `of several streams one after the other, number ${number} cannot be decoded: ${what}; ` +
          'split the file',
      );
    }
  }
}

async function hasLaterLink(pages: Ahead<OggPage>): Promise<boolean> {
  for (let page = await pages.peek(); page; page = await pages.peek()) {
    if (page.isFirst) return true;
    pages.drop();
  }
  return false;
}

/** The first page of the audio stream among those that start a link. */
async function nextAudio(pages: Ahead<OggPage>): Promise<{ head: OggPage; codec: Codec }> {
  let found: { head: OggPage; codec: Codec } | null = null;
  let isAny = false;
  for (let page = await pages.peek(); page?.isFirst; page = await pages.peek()) {
    isAny = true;
    pages.drop();
    const codec = codecOf(page);
    if (codec) found ??= { head: page, codec };
  }
  if (!isAny)
    throw new ClipUnreadable('damaged', 'the Ogg file has a page of no stream that it started');
  if (!found)
    throw new ClipUnreadable(
      'unsupportedCodec',
      'the Ogg file holds neither Vorbis, Opus nor FLAC',
    );
  return found;
}

function codecOf(page: OggPage): Codec | undefined {
  const start = Buffer.from(pageBody(page).body.subarray(0, 8)).toString('latin1');
  const codecs = Object.keys(SIGNATURES) as Codec[];
  return codecs.find((codec) => start.startsWith(SIGNATURES[codec]));
}

/** The pages of one stream up to the next link. @throws ClipUnreadable when one is missing */
async function* linkPages(pages: Ahead<OggPage>, head: OggPage): AsyncGenerator<OggPage> {
  let last = head;
  yield head;
  for (let page = await pages.peek(); page && !page.isFirst; page = await pages.peek()) {
    pages.drop();
    if (page.serial !== head.serial) continue;
    if (last.isLast)
      throw new ClipUnreadable('damaged', 'the Ogg file goes on with a stream that has ended');
    if (page.sequence !== (last.sequence + 1) >>> 0)
      throw new ClipUnreadable(
        'damaged',
        `the Ogg file lacks pages: number ${page.sequence} follows ${last.sequence}`,
      );
    last = page;
    yield page;
  }
}

function linkBlocks(
  codec: Codec,
  head: OggPage,
  link: AsyncGenerator<OggPage>,
  longestSeconds: number,
): AsyncGenerator<AudioBlock> {
  if (codec === 'Vorbis') return vorbisBlocks(head, link);
  // A generator that ends early would close the link with it, and the file.
  const packets = pagePackets(unclosed(link));
  return codec === 'Opus' ? opusBlocks(packets) : flacBlocks(flacBytes(packets), longestSeconds);
}

async function* unclosed<T>(items: AsyncIterator<T>): AsyncGenerator<T> {
  for (let next = await items.next(); !next.done; next = await items.next()) yield next.value;
}

/** @throws ClipUnreadable `damaged` when fewer samples come than the pages count */
async function* vorbisBlocks(
  head: OggPage,
  link: AsyncGenerator<OggPage>,
): AsyncGenerator<AudioBlock> {
  const channels = pageBody(head).body[11] ?? 0;
  if (channels > MOST_VORBIS_CHANNELS)
    throw new ClipUnreadable(
      'unsupportedCodec',
      `the Ogg file has ${channels} channels, expected at most ${MOST_VORBIS_CHANNELS}`,
    );
  let [first, last, samples, open] = [-1, -1, 0, 0];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const page of link) {
      // The decoder's parser joins the pages of a packet, however many there are.
      open = page.position < 0 ? open + page.bytes.length : 0;
      if (open > MOST_PACKET_BYTES) refusePacket();
      // Pages of headers are at 0.
      if (page.position > 0) {
        if (first < 0) first = page.position;
        last = page.position;
      }
      yield page.bytes;
    }
  }
  const blocks = blocksOf(
    'the Ogg Vorbis stream',
    new OggVorbisDecoder(),
    bytes(),
    (decoder, page) => decoder.decode(page),
    (decoder) => decoder.flush(),
  );
  for await (const block of blocks) {
    samples += block.channels[0]!.length;
    yield block;
  }
  // The first page of a stream that was captured on its way may be at any position.
  if (samples < last - first)
    throw new ClipUnreadable(
      'damaged',
      `the Ogg Vorbis stream holds ${samples} samples of ${last - first}`,
    );
}

/** As a FLAC file has them. RFC 9639, section 10.1. */
async function* flacBytes(packets: ReturnType<typeof pagePackets>): AsyncGenerator<Uint8Array> {
  let isHead = true;
  for await (const { packets: ended } of packets)
    for (const packet of ended) {
      // Signature, version and the number of header packets stand before "fLaC".
      yield isHead ? packet.subarray(9) : packet;
      isHead = false;
    }
}
