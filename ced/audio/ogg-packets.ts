/** Packets of one logical stream of an Ogg file, which may span pages. RFC 3533, section 5. */
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { pageBody, type OggPage } from './ogg-pages';

export interface PagePackets {
  /** Those that end on the page. */
  readonly packets: Uint8Array[];
  readonly page: OggPage;
}

/** @throws ClipUnreadable `damaged` when a packet lacks its beginning or its end */
export async function* pagePackets(pages: AsyncIterable<OggPage>): AsyncGenerator<PagePackets> {
  let begun: Uint8Array = new Uint8Array(0);
  let isOpen = false;
  for await (const page of pages) {
    if (page.isContinued !== isOpen)
      throw new ClipUnreadable('damaged', 'a packet of the Ogg file is not whole');
    const { segments, body } = pageBody(page);
    const packets: Uint8Array[] = [];
    let [from, to] = [0, 0];
    for (const length of segments) {
      to += length;
      isOpen = length === 255;
      if (isOpen) continue;
      packets.push(joined(begun, body.subarray(from, to)));
      begun = new Uint8Array(0);
      from = to;
    }
    begun = joined(begun, body.subarray(from, to));
    yield { packets, page };
  }
  if (isOpen) throw new ClipUnreadable('damaged', 'the Ogg file breaks off in a packet');
}
