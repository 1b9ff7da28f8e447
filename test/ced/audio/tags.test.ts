import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { decodeWhole } from './decoded-whole';
import { oggBytes, pagesOf } from './ogg-bytes';

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

describe('an Ogg file with tags behind it', () => {
  it.each([
    ['ID3v1', id3v1],
    ['APE and ID3v1', Buffer.concat([apeV2, id3v1])],
    ['ID3v2', id3v2(2 ** 20)],
    ['Lyrics3', lyrics3],
  ])('is read to its end, and beyond them if another link follows: %s', async (name, tags) => {
    const [vorbis, opus] = [read('stereo.ogg'), read('mono.opus')];
    const expected = Array.from(await pcmOf([vorbis]));
    const more = Array.from(await pcmOf([opus]));
    for (const length of [2 ** 22, 999]) {
      const alone = await pcmOf(inParts(Buffer.concat([vorbis, tags]), length));
      expect(Array.from(alone)).toEqual(expected);
      if (name === 'Lyrics3') continue;
      const linked = await pcmOf(inParts(Buffer.concat([vorbis, tags, opus]), length));
      expect(Array.from(linked)).toEqual([...expected, ...more]);
    }
  });
});

describe('a header without end', () => {
  it('of FLAC is refused after 64 MiB', async () => {
    const block = Buffer.alloc(4 + 0xffffff);
    block.writeUInt32BE(0x01ffffff);
    let blocks = 0;
    function* parts(): Generator<Uint8Array> {
      yield known.subarray(0, 4);
      yield Buffer.concat([Buffer.from([0, 0, 0, 34]), known.subarray(8, 42)]);
      for (; blocks < 50; blocks++) yield block;
    }
    await expect(pcmOf(parts())).rejects.toThrow(
      'damaged: the header of the FLAC stream takes more than 64 MiB',
    );
    expect(blocks).toBeLessThan(6);
  });

  it.each(['stereo.ogg', 'mono.opus'])(
    'of Ogg is refused when a packet takes more than 32 MiB: %s',
    async (name) => {
      const [head, ...rest] = pagesOf(read(name));
      const page = (sequence: number) => ({
        ...rest[0]!,
        ...{ flags: sequence === 1 ? 0 : 1, position: -1n, sequence },
        segments: new Uint8Array(255).fill(255),
        body: Buffer.alloc(255 * 255, 1),
      });
      let sequence = 0;
      function* parts(): Generator<Uint8Array> {
        yield oggBytes([head!]);
        while (sequence++ < 1000) yield oggBytes([page(sequence)]);
      }
      await expect(pcmOf(parts())).rejects.toThrow(
        'damaged: the Ogg file has a packet of more than 32 MiB',
      );
      expect(sequence).toBeLessThan(530);
    },
  );
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
