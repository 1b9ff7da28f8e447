/**
 * Ogg with Vorbis, Opus or FLAC inside. A file may hold several streams one after the other, its
 * links, each with a codec, a rate and channels of its own: every link is decoded by itself. Of
 * streams side by side (a picture, a skeleton) the first that holds audio is taken. RFC 3533.
 */
import { Ahead } from './ahead';
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import { flacBlocks } from './flac';
import { opusBlocks } from './ogg-opus';
import { pagePackets } from './ogg-packets';
import { checkedPages, isPage, pageBody, type OggPage } from './ogg-pages';
import { vorbisBlocks } from './ogg-vorbis';
import { someOf } from './wasm-decoder';

/** Side by side in a link: video, subtitles in many languages. */
const MOST_STREAMS = 1000;
/** Each takes its time, however small it is. Video of hours beside the audio has fewer. */
const MOST_IDLE_PAGES = 2 ** 18;

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
  const idle = new IdlePages();
  const pages = new Ahead(idle.counted(checkedPages(parts)));
  try {
    if ((await pages.peek()) === null)
      throw new ClipUnreadable('damaged', 'the Ogg file holds no page');
    for await (const block of someOf('the Ogg stream', links(pages, longestSeconds))) {
      idle.end();
      yield block;
    }
  } finally {
    await pages.close();
  }
}

/** Those in a row that gave no audio. */
class IdlePages {
  private count = 0;

  end(): void {
    this.count = 0;
  }

  async *counted(pages: AsyncIterable<OggPage>): AsyncGenerator<OggPage> {
    for await (const page of pages) {
      if (++this.count > MOST_IDLE_PAGES)
        throw new ClipUnreadable(
          'damaged',
          `the Ogg file has more than ${MOST_IDLE_PAGES} pages in a row that give no audio`,
        );
      yield page;
    }
  }
}

/** @throws ClipUnreadable `unsupportedCodec` only where ffmpeg, which reads one, would read all */
async function* links(pages: Ahead<OggPage>, longestSeconds: number): AsyncGenerator<AudioBlock> {
  for (let number = 1; (await pages.peek()) !== null; number++) {
    try {
      const { head, codec, serials } = await nextAudio(pages);
      const link = linkPages(pages, head, serials);
      yield* linkBlocks(codec, link, longestSeconds);
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

interface Link {
  /** The first page of its audio stream. */
  head: OggPage;
  codec: Codec;
  /** Of all its streams. */
  serials: ReadonlySet<number>;
}

/** The first pages of all streams start a link. */
async function nextAudio(pages: Ahead<OggPage>): Promise<Link> {
  let found: { head: OggPage; codec: Codec } | null = null;
  const serials = new Set<number>();
  for (let page = await pages.peek(); page?.isFirst; page = await pages.peek()) {
    serials.add(page.serial);
    if (serials.size > MOST_STREAMS)
      throw new ClipUnreadable(
        'damaged',
        `the Ogg file has more than ${MOST_STREAMS} streams side by side`,
      );
    pages.drop();
    const codec = codecOf(page);
    if (codec) found ??= { head: page, codec };
  }
  if (serials.size === 0) throw strayPage();
  if (!found)
    throw new ClipUnreadable(
      'unsupportedCodec',
      'the Ogg file holds neither Vorbis, Opus nor FLAC',
    );
  return { ...found, serials };
}

function strayPage(): ClipUnreadable {
  return new ClipUnreadable('damaged', 'the Ogg file has a page of no stream that it started');
}

function codecOf(page: OggPage): Codec | undefined {
  const start = Buffer.from(pageBody(page).body.subarray(0, 8)).toString('latin1');
  const codecs = Object.keys(SIGNATURES) as Codec[];
  return codecs.find((codec) => start.startsWith(SIGNATURES[codec]));
}

/** The pages of one stream up to the next link. @throws ClipUnreadable when one is missing */
async function* linkPages(
  pages: Ahead<OggPage>,
  head: OggPage,
  serials: ReadonlySet<number>,
): AsyncGenerator<OggPage> {
  let last = head;
  yield head;
  for (let page = await pages.peek(); page && !page.isFirst; page = await pages.peek()) {
    pages.drop();
    if (!serials.has(page.serial)) throw strayPage();
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
  link: AsyncGenerator<OggPage>,
  longestSeconds: number,
): AsyncGenerator<AudioBlock> {
  const packets = pagePackets(link);
  if (codec === 'Vorbis') return vorbisBlocks(packets);
  return codec === 'Opus' ? opusBlocks(packets) : flacBlocks(flacBytes(packets), longestSeconds);
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
