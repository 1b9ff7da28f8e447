import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { oggBytes, packetPage, pagesOf, type PageSpec } from './ogg-bytes';
import { wavBytes } from './wav-bytes';

const read = (name: string, folder = 'encoded'): Buffer =>
  readFileSync(join(__dirname, folder, name));
const MIB = 2 ** 20;
const LARGEST_PART = 2 ** 18;

/** The largest page there is, of a stream beside the audio: video, for instance. */
const beside: PageSpec = {
  ...packetPage(new Uint8Array(0), { serial: 2, position: -1n, flags: 1 }),
  segments: new Uint8Array(255).fill(255),
  body: Buffer.alloc(255 * 255, 1),
};
const besidePage = oggBytes([beside]);
const besideHead = packetPage(Buffer.from('fishead'), { serial: 2, flags: 2 });
const emptyPage = oggBytes([packetPage(new Uint8Array(0), { serial: 2 })]);

/** The pages of a link of one audio stream and one beside it. */
function linked(file: Buffer): { heads: Buffer; rest: Buffer } {
  const [head, ...rest] = pagesOf(file);
  return { heads: oggBytes([head!, besideHead]), rest: oggBytes(rest) };
}

/** Counts what is read of `start` and then of `more` without end. */
class Endless {
  bytes = 0;
  isClosed = false;

  constructor(
    private readonly start: Uint8Array,
    private readonly more: Uint8Array,
  ) {}

  *parts(): Generator<Uint8Array> {
    const times = Math.max(1, Math.floor(LARGEST_PART / this.more.length));
    const part = Buffer.concat(Array.from({ length: times }, () => this.more));
    try {
      for (let next = this.start; this.bytes < 400 * MIB; next = part) {
        this.bytes += next.length;
        yield next;
      }
    } finally {
      this.isClosed = true;
    }
  }
}

const decode = async (parts: Iterable<Uint8Array>): Promise<Int16Array> =>
  (await toMono16k(await decodeAudio(parts, 'clip'))).slice();

const vorbis = linked(read('stereo.ogg'));
const opus = linked(read('mono.opus'));
const mp3 = read('stereo.mp3');
const id3v1 = Buffer.concat([Buffer.from('TAGa title'), Buffer.alloc(118)]);

describe('a file that goes on without audio and without an end', () => {
  it.each([
    ['Ogg Vorbis with video before its audio', vorbis.heads, besidePage],
    ['Ogg Opus with video before its audio', opus.heads, besidePage],
    ['Ogg Vorbis with video behind it', Buffer.concat([vorbis.heads, vorbis.rest]), besidePage],
    ['Ogg Vorbis with tags behind it', read('stereo.ogg'), id3v1],
    ['Ogg FLAC with pages beside it', linked(read('ogg-flac-s44.oga', 'made')).heads, besidePage],
    ['MP3 with tags behind it', mp3, id3v1],
    ['MP3 with zeros behind it', mp3, Buffer.alloc(LARGEST_PART)],
    ['MP3 with bytes that look like frames', mp3, Buffer.alloc(LARGEST_PART, 0xff)],
  ])('is refused: %s', async (_, start, more) => {
    const source = new Endless(start, more);
    await expect(decode(source.parts())).rejects.toThrow(
      'damaged: it goes on without audio: more than 128 MiB, ' +
        'and 8 MiB for each second of its audio, gave none',
    );
    expect(source.bytes).toBeLessThan(150 * MIB);
    expect(source.isClosed).toBe(true);
  });

  it('is refused when its pages are many and empty, which cost time and not bytes', async () => {
    const source = new Endless(Buffer.concat([opus.heads, opus.rest]), emptyPage);
    await expect(decode(source.parts())).rejects.toThrow(
      'damaged: the Ogg file has more than 262144 pages in a row that give no audio',
    );
    expect(source.bytes).toBeLessThan(10 * MIB);
  });

  it('is refused when it starts more streams than anybody plays side by side', async () => {
    const heads = Array.from({ length: 2000 }, (_, serial) =>
      packetPage(Buffer.from('fishead'), { serial, flags: 2 }),
    );
    await expect(decode([oggBytes(heads)])).rejects.toThrow(
      'damaged: the Ogg file has more than 1000 streams side by side',
    );
  });
});

describe('a file of which little is audio', () => {
  it('is read to its end: video of 56 Mbit/s beside it for twenty seconds', async () => {
    const alone = await decode([read('stereo.ogg')]);
    const seconds = alone.length / 16_000;
    const pages = Math.floor((7 * MIB * seconds) / besidePage.length);
    const links = Math.ceil(20 / seconds);
    function* parts(): Generator<Uint8Array> {
      for (let link = 0; link < links; link++) {
        yield Buffer.concat([vorbis.heads, vorbis.rest]);
        for (let page = 0; page < pages; page++) yield besidePage;
      }
    }
    expect(links * pages * besidePage.length).toBeGreaterThan(130 * MIB);
    const pcm = await decode(parts());
    expect(Math.abs(pcm.length - links * alone.length)).toBeLessThan(links);
  });

  it('is read when it comes in one part larger than all that may be no audio', async () => {
    const samples = 140 * MIB;
    const header = wavBytes([[]], {
      ...{ bits: 16, sampleRate: 384_000 },
      ...{ statedDataBytes: samples, statedFileBytes: 36 + samples },
    });
    const pcm = await decode([Buffer.concat([header, Buffer.alloc(samples)])]);
    expect(pcm).toHaveLength(Math.ceil(samples / 2 / 24));
  });
});
