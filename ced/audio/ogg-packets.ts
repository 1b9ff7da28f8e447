/** Packets of one logical stream of an Ogg file, which may span pages. RFC 3533, section 5. */
import { ClipUnreadable } from './clip-unreadable';
import { pageBody, type OggPage } from './ogg-pages';

export interface PagePackets {
  /** Those that end on the page. */
  readonly packets: Uint8Array[];
  readonly page: OggPage;
  /** No page of the stream follows. */
  readonly isLast: boolean;
}

/** Pictures among the tags take a few MB. A packet without end is refused here. */
const MOST_PACKET_BYTES = 2 ** 25;

/** @throws ClipUnreadable `damaged` when a packet lacks its beginning or end, or is too large */
export async function* pagePackets(pages: AsyncIterator<OggPage>): AsyncGenerator<PagePackets> {
  const begun = new BegunPacket();
  let isOpen = false;
  let next = await pages.next();
  while (!next.done) {
    const page = next.value;
    if (page.isContinued !== isOpen)
      throw new ClipUnreadable('damaged', 'a packet of the Ogg file is not whole');
    const { segments, body } = pageBody(page);
    const packets: Uint8Array[] = [];
    let [from, to] = [0, 0];
    for (const length of segments) {
      to += length;
      isOpen = length === 255;
      if (isOpen) continue;
      packets.push(begun.end(body.subarray(from, to)));
      from = to;
    }
    begun.add(body.subarray(from, to));
    // Some writers end a stream with a page of nothing.
    do next = await pages.next();
    while (!next.done && pageBody(next.value).segments.length === 0);
    yield { packets, page, isLast: next.done === true };
  }
  if (isOpen) throw new ClipUnreadable('damaged', 'the Ogg file breaks off in a packet');
}

/** The parts of a packet that goes on on the next page. */
class BegunPacket {
  private parts: Uint8Array[] = [];
  private bytes = 0;

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.parts.push(part);
    this.bytes += part.length;
    if (this.bytes > MOST_PACKET_BYTES)
      throw new ClipUnreadable(
        'damaged',
        `the Ogg file has a packet of more than ${MOST_PACKET_BYTES / 2 ** 20} MiB`,
      );
  }

  end(part: Uint8Array): Uint8Array {
    if (this.parts.length === 0) return part;
    const packet = Buffer.concat([...this.parts, part]);
    [this.parts, this.bytes] = [[], 0];
    return packet;
  }
}
