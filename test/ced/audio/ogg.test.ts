import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { decodeWhole } from './decoded-whole';
import { oggBytes, packetPage, pagesOf, type PageSpec } from './ogg-bytes';

const read = (folder: string, name: string): Buffer => readFileSync(join(__dirname, folder, name));
const vorbis = read('encoded', 'stereo.ogg');
const opus = read('encoded', 'mono.opus');
const known = readFileSync(join(__dirname, '../../reference/clip0.flac'));

/** Vorbis by ffmpeg -ss 0.1 -c copy: its first position is below what its packets hold. */
const cutVorbis = read('encoded', 'cut.ogg');

const pcmOf = async (...files: Uint8Array[]): Promise<Int16Array> =>
  (await toMono16k(await decodeAudio([Buffer.concat(files)], 'clip.ogg'))).slice();
const joinedPcm = (...parts: Int16Array[]): number[] => parts.flatMap((part) => Array.from(part));

/** A FLAC file's header and frames as packets, each on a page of its own. */
function oggFlac(file: Buffer, serial: number): Buffer {
  const frames = [...file.toString('latin1').matchAll(/\xff\xf8/g)].map(({ index }) => index);
  const cuts = [8 + 34, ...frames.filter((at) => at > 42), file.length];
  const head = Buffer.concat([Buffer.from('\x7fFLAC\x01\0\0\x01', 'latin1'), file.subarray(0, 42)]);
  const packets = [head, ...cuts.slice(1).map((end, index) => file.subarray(cuts[index], end))];
  return oggBytes(
    packets.map((body, sequence) => ({
      flags: sequence === 0 ? 2 : 0,
      position: 0n,
      serial,
      sequence,
      segments: Uint8Array.from([
        ...Array<number>(Math.floor(body.length / 255)).fill(255),
        body.length % 255,
      ]),
      body,
    })),
  );
}

/** Opus in one packet a page. */
function packetPages(page: PageSpec): PageSpec[] {
  let at = 0;
  const packets: Uint8Array[] = [];
  let length = 0;
  for (const segment of page.segments) {
    length += segment;
    if (segment === 255) continue;
    packets.push(page.body.subarray(at, (at += length)));
    length = 0;
  }
  return packets.map((packet, index): PageSpec => ({
    ...packetPage(packet, { serial: page.serial }),
    // 20 ms a packet; the page's own position cuts its last one short.
    position: index === packets.length - 1 ? page.position : BigInt((index + 1) * 960),
    flags: index === packets.length - 1 ? page.flags & 4 : 0,
  }));
}

/** With another output gain, in 256ths of a dB. */
function withGain(gain: number, tags?: string): Buffer {
  const pages = pagesOf(opus);
  const head = Buffer.from(pages[0]!.body);
  head.writeInt16LE(gain, 16);
  pages[0] = { ...pages[0]!, body: head };
  if (tags !== undefined) {
    const packet = Buffer.alloc(8 + 4 + 4 + 4 + tags.length);
    packet.write('OpusTags', 'latin1');
    packet.writeUInt32LE(1, 12);
    packet.writeUInt32LE(tags.length, 16);
    packet.write(tags, 20, 'latin1');
    pages[1] = packetPage(packet, { ...pages[1]!, flags: 0 });
  }
  return oggBytes(pages);
}

describe('an Ogg file of several streams, one after the other', () => {
  it('gives each at its own codec, rate and channels', async () => {
    const [first, second] = [await pcmOf(vorbis), await pcmOf(opus)];
    for (const files of [
      [vorbis, opus, vorbis],
      [opus, vorbis],
    ])
      expect(Array.from(await pcmOf(...files))).toEqual(
        joinedPcm(...files.map((file) => (file === vorbis ? first : second))),
      );
  });

  it.each([2, 5])('gives all %d links of Opus, whose serial numbers may repeat', async (links) => {
    // 48,000 Hz all along: resampled as one.
    expect(await pcmOf(...Array<Buffer>(links).fill(opus))).toHaveLength(9600 * links);
  });

  it('reads FLAC in Ogg as FLAC, link by link', async () => {
    const own = await pcmOf(known);
    expect(Array.from(await pcmOf(oggFlac(known, 1)))).toEqual(Array.from(own));
    expect(Array.from(await pcmOf(oggFlac(known, 1), vorbis, oggFlac(known, 2)))).toEqual(
      joinedPcm(own, await pcmOf(vorbis), own),
    );
  });

  it.each([
    ['the second', [opus, 'speex'], 2],
    ['the first', ['speex', vorbis], 1],
  ])('is refused, and kept from ffmpeg, when %s is of another codec', async (_, parts, number) => {
    const speex = oggBytes([
      packetPage(Buffer.from('Speex   1.2'), { flags: 2 }),
      packetPage(Buffer.from('a frame'), { sequence: 1 }),
    ]);
    const files = parts.map((part) => (typeof part === 'string' ? speex : part));
    await expect(pcmOf(...files)).rejects.toThrow(
      `damaged: of several streams one after the other, number ${number} cannot be decoded: ` +
        'the Ogg file holds neither Vorbis, Opus nor FLAC; split the file',
    );
  });

  it.each([vorbis, opus])('is refused when its last link is cut short', async (last) => {
    for (const length of [last.length - 1, last.length >> 1, 60, 20])
      await expect(pcmOf(opus, last.subarray(0, length))).rejects.toMatchObject({
        reason: 'damaged',
      });
  });
});

describe('streams of an Ogg file side by side', () => {
  it.each([vorbis, opus])('are kept apart: the first with audio is read', async (file) => {
    const [head, ...rest] = pagesOf(file);
    const other = (text: string, spec: Partial<PageSpec>) => packetPage(Buffer.from(text), spec);
    const pages = [
      other('fishead\0skeleton', { flags: 2, serial: 7 }),
      head!,
      other('\x80theora', { flags: 2, serial: 8 }),
      other('fisbone', { serial: 7, sequence: 1 }),
      ...rest.flatMap((page, index) => [
        page,
        other(`picture ${index}`, { serial: 8, sequence: index + 1 }),
      ]),
    ];
    expect(Array.from(await pcmOf(oggBytes(pages)))).toEqual(Array.from(await pcmOf(file)));
  });

  it('are left to ffmpeg when none holds Vorbis, Opus or FLAC', async () => {
    const pages = [packetPage(Buffer.from('Speex   1.2'), { flags: 2 })];
    await expect(pcmOf(oggBytes(pages))).rejects.toThrow(
      'unsupportedCodec: the Ogg file holds neither Vorbis, Opus nor FLAC',
    );
  });
});

describe('an Ogg stream whose pages do not add up', () => {
  const [head, tags, audio] = pagesOf(opus);
  const spread = packetPages(audio!);
  const numbered = (pages: PageSpec[]): Buffer =>
    oggBytes(pages.map((page, sequence) => ({ ...page, sequence })));

  it('is read whatever pages its packets lie on', async () => {
    const whole = Array.from(await pcmOf(opus));
    expect(Array.from(await pcmOf(numbered([head!, tags!, ...spread])))).toEqual(whole);
  });

  it('is refused when a page is missing', async () => {
    const pages = pagesOf(numbered([head!, tags!, ...spread]));
    pages.splice(10, 1);
    await expect(pcmOf(oggBytes(pages))).rejects.toThrow(
      'damaged: the Ogg file lacks pages: number 11 follows 9',
    );
  });

  it('has the length of what is there when it was captured on its way', async () => {
    const captured = await pcmOf(numbered([head!, tags!, ...spread.slice(10)]));
    expect((await pcmOf(opus)).length - captured.length).toBe((10 * 960) / 3);
  });

  it.each([vorbis, opus])('has its length when a page of nothing ends it', async (file) => {
    const pages = pagesOf(file);
    const last = pages.at(-1)!;
    const nothing = { segments: new Uint8Array(0), body: Buffer.alloc(0), flags: 4 };
    const ended = [
      ...pages.slice(0, -1),
      { ...last, flags: 0 },
      { ...last, ...nothing, sequence: last.sequence + 1 },
    ];
    for (const position of [last.position, -1n]) {
      ended[ended.length - 1]!.position = position;
      expect(Array.from(await pcmOf(oggBytes(ended)))).toEqual(Array.from(await pcmOf(file)));
    }
  });

  it('starts at position 0 when ffmpeg cut its beginning off and kept the packets', async () => {
    const whole = await pcmOf(opus);
    const shifted = spread.map((page) => ({ ...page, position: page.position - 4800n }));
    const early = shifted.slice(0, 7);
    const first: PageSpec = {
      ...early.at(-1)!,
      segments: Uint8Array.from(early.flatMap(({ segments }) => [...segments])),
      body: Buffer.concat(early.map(({ body }) => body)),
    };
    const pcm = await pcmOf(numbered([head!, tags!, first, ...shifted.slice(7)]));
    expect(pcm).toHaveLength(whole.length - 1600);
    // Resampled from its own start, so alike behind the reach of the kernel.
    const off = Array.from(pcm, (sample, at) => Math.abs(sample - whole[at + 1600]!));
    expect(Math.max(...off.slice(100))).toBeLessThanOrEqual(1);
  });

  it('starts at position 0 when ffmpeg cut its beginning off: Vorbis', async () => {
    const [whole, cut] = [await decodeWhole(vorbis, 'a'), await decodeWhole(cutVorbis, 'b')];
    expect(cut.channels.map(({ length }) => length)).toEqual([22_050, 22_050]);
    // 4410 samples were cut; ffmpeg's positions are a short block earlier.
    cut.channels.forEach((channel, number) => {
      const off = channel.map((each, at) => Math.abs(each - whole.channels[number]![at + 4282]!));
      expect(Math.max(...off.subarray(2000))).toBeLessThan(1e-6);
    });
  });

  it('is refused when it goes on behind its end, or starts on its way', async () => {
    const last = spread.at(-1)!;
    await expect(pcmOf(numbered([head!, tags!, ...spread, last]))).rejects.toThrow(
      'damaged: the Ogg file goes on with a stream that has ended',
    );
    await expect(pcmOf(numbered(spread))).rejects.toThrow(
      'damaged: the Ogg file has a page of no stream that it started',
    );
  });

  it('is refused when a page among the others names a stream that never started', async () => {
    const pages = pagesOf(numbered([head!, tags!, ...spread]));
    pages[pages.length - 1] = { ...pages.at(-1)!, serial: 0xdead };
    await expect(pcmOf(oggBytes(pages))).rejects.toThrow(
      'damaged: the Ogg file has a page of no stream that it started',
    );
  });

  it('is refused when its end lies before its last page', async () => {
    const last = { ...spread.at(-1)!, position: 9600n };
    await expect(pcmOf(numbered([head!, tags!, ...spread.slice(0, -1), last]))).rejects.toThrow(
      'damaged: the Ogg stream ends at sample 9288, before its last page',
    );
  });
});

describe('the output gain of an Opus stream', () => {
  const level = (pcm: Int16Array): number =>
    Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length);

  it.each([-6, -20, 3, 0.5])('is applied: %d dB', async (decibel) => {
    const [plain, changed] = [await pcmOf(opus), await pcmOf(withGain(decibel * 256))];
    expect(20 * Math.log10(level(changed) / level(plain))).toBeCloseTo(decibel, 2);
  });

  it('clips what it lifts over full scale', async () => {
    const pcm = await pcmOf(withGain(30 * 256));
    expect([Math.max(...pcm), Math.min(...pcm)]).toEqual([32767, -32768]);
    expect(pcm).toHaveLength(9600);
  });

  it('is taken from the header alone: gains in tags are for players', async () => {
    const tagged = await pcmOf(withGain(0, 'R128_TRACK_GAIN=-2560'));
    expect(Array.from(tagged)).toEqual(Array.from(await pcmOf(opus)));
  });
});
