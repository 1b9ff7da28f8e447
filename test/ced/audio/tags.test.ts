import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/mono16k';
import { decodeWhole } from './decoded-whole';

const read = (name: string): Buffer => readFileSync(join(__dirname, 'encoded', name));
const streamed = read('streamed.flac');
const known = readFileSync(join(__dirname, '../../reference/clip0.flac'));

/** An ID3v2.4 tag of so many bytes of content. */
function id3v2(contentBytes: number, { footer = false } = {}): Buffer {
  const header = Buffer.from([0x49, 0x44, 0x33, 4, 0, footer ? 0x10 : 0, 0, 0, 0, 0]);
  for (let at = 9, left = contentBytes; at >= 6; at--, left >>= 7) header[at] = left & 0x7f;
  const end = Buffer.from(header);
  end.write('3DI', 'latin1');
  return Buffer.concat([header, Buffer.alloc(contentBytes, 0x41), ...(footer ? [end] : [])]);
}

const id3v1 = Buffer.concat([Buffer.from('TAGa title'), Buffer.alloc(118)]);
const apeV2 = Buffer.concat([Buffer.from('APETAGEX'), Buffer.alloc(24, 1)]);
const lyrics3 = Buffer.from('LYRICSBEGININD0000200000109LYRICS200');

const pcmOf = async (parts: Iterable<Uint8Array>): Promise<Int16Array> =>
  (await toMono16k(await decodeAudio(parts, 'clip'))).slice();
const inParts = (bytes: Uint8Array, length: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, part) =>
    bytes.subarray(part * length, (part + 1) * length),
  );

describe('a stream with tags around it', () => {
  it.each([
    ['one with a footer', [id3v2(300, { footer: true })]],
    ['two', [id3v2(5), id3v2(1000)]],
    ['an empty one before one with a footer', [id3v2(0), id3v2(0, { footer: true })]],
  ])('is read behind ID3v2 tags: %s', async (_, tags) => {
    for (const stream of [known, read('stereo.mp3')]) {
      const expected = await pcmOf([stream]);
      const tagged = Buffer.concat([...tags, stream]);
      for (const length of [tagged.length, 7])
        expect(await pcmOf(inParts(tagged, length))).toEqual(expected);
    }
  });

  it.each([
    ['ID3v1', id3v1],
    ['APE before ID3v1', Buffer.concat([apeV2, id3v1])],
    ['Lyrics3 before ID3v1', Buffer.concat([lyrics3, id3v1])],
    ['ID3v2', id3v2(2 ** 22)],
  ])('is read to its end before %s, whether or not it states its length', async (_, tags) => {
    for (const stream of [known, streamed, read('stereo.mp3')]) {
      const expected = await pcmOf([stream]);
      const tagged = Buffer.concat([stream, tags]);
      for (const length of [tagged.length, 40_001])
        expect(await pcmOf(inParts(tagged, length))).toEqual(expected);
    }
  });

  it('is refused when bytes of no tag follow a FLAC stream of unstated length', async () => {
    await expect(pcmOf([Buffer.concat([streamed, Buffer.from('TAX and more')])])).rejects.toThrow(
      'damaged: the FLAC stream is damaged at sample 26460',
    );
    await expect(pcmOf([Buffer.concat([streamed, Buffer.from('TA')])])).rejects.toThrow(
      'damaged: the FLAC stream breaks off at sample 26460',
    );
  });

  it('is refused when its tags never end, after 64 MiB of them', async () => {
    const tag = id3v2(2 ** 16);
    let read = 0;
    function* tags(): Generator<Uint8Array> {
      for (; read < 2000; read++) yield tag;
    }
    await expect(pcmOf(tags())).rejects.toThrow(
      'damaged: its ID3 tags take more than 64 MiB; remove them',
    );
    expect(read).toBeLessThan(1030);
    const enormous = id3v2(0);
    enormous.fill(0x7f, 6);
    await expect(pcmOf([enormous])).rejects.toThrow('its ID3 tags take more than 64 MiB');
    await expect(pcmOf([id3v2(100).subarray(0, 50)])).rejects.toThrow(
      'damaged: it ends in its ID3 tags, before any audio',
    );
  });
});

describe('more audio behind the length that a header states', () => {
  it.each([
    ['another FLAC stream', Buffer.concat([known, known])],
    [
      'more frames',
      Buffer.concat([known, known.subarray(known.indexOf(Buffer.from([0xff, 0xf8])))]),
    ],
  ])('is refused instead of left out: %s', async (_, bytes) => {
    for (const length of [bytes.length, known.length])
      await expect(decodeWhole(inParts(bytes, length), 'clip.flac')).rejects.toThrow(
        /^damaged: the FLAC stream states \d+ samples, and more follow them/,
      );
  });
});
