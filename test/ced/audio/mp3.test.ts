import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { mpegPieces } from '../../../ced/audio/mpeg-frames';

const read = (name: string): Buffer => readFileSync(join(__dirname, 'encoded', name));
const bare = (file: Buffer): Buffer => file.subarray(file.indexOf(0xff));
const stereo = bare(read('stereo.mp3'));
const mono = bare(read('mono16.mp3'));
const id3v1 = Buffer.concat([Buffer.from('TAGa title'), Buffer.alloc(118)]);
const id3v2 = Buffer.from('ID3\x04\0\0\0\0\0\x05abcde', 'latin1');

function* inParts(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
const pcmOf = async (bytes: Uint8Array, length = bytes.length): Promise<number[]> =>
  Array.from(await toMono16k(await decodeAudio(inParts(bytes, length), 'clip.mp3')));

describe('an MP3 file of several streams, one after the other', () => {
  it.each([
    ['of two rates, stereo and mono', [stereo, mono, stereo]],
    ['mono before stereo', [mono, stereo]],
    ['with tags between them', [stereo, id3v1, id3v2, mono, id3v1]],
  ])('gives each as it is alone: %s', async (_, files) => {
    const whole = Buffer.concat(files);
    const expected: number[] = [];
    for (const file of files.filter((each) => each.length > 200))
      expected.push(...(await pcmOf(file)));
    expect(await pcmOf(whole)).toEqual(expected);
    expect(await pcmOf(whole, 1000)).toEqual(expected);
  });

  it('cuts the delay and the padding of each off, at one rate too', async () => {
    // Resampled as one, so only its length is that of three.
    expect(await pcmOf(Buffer.concat([stereo, stereo, stereo]))).toHaveLength(3 * 9600);
    const alone = await pcmOf(mono);
    expect(await pcmOf(Buffer.concat([mono, mono]))).toEqual([...alone, ...alone]);
  });

  it('is cut at its streams alone, wherever its bytes are cut', async () => {
    const whole = Buffer.concat([stereo, mono, id3v1, stereo, id3v2, stereo]);
    const starts = [0, stereo.length, stereo.length + mono.length + 128];
    starts.push(starts[2]! + stereo.length + 15);
    for (const length of [whole.length, 5000, 977]) {
      let [at, found] = [0, [] as number[]];
      const parts = (async function* () {
        yield* inParts(whole, length);
      })();
      for await (const { bytes, isStart } of mpegPieces(parts)) {
        if (isStart) found = [...found, at];
        expect(Buffer.from(bytes).equals(whole.subarray(at, at + bytes.length))).toBe(true);
        at += bytes.length;
      }
      expect({ at, found }).toEqual({ at: whole.length, found: starts });
    }
  });

  it.each([
    ['layer', 1, 0x06],
    ['rate', 2, 0x04],
    ['number of channels', 3, 0x80],
    ['sync word', 0, 0xff],
  ])('is refused when one of its frames is lost to a wrong %s', async (_, at, bits) => {
    const headers = [...stereo.toString('latin1').matchAll(/\xff\xfb/g)].map(({ index }) => index);
    expect(headers.length).toBeGreaterThan(15);
    const noisy = Buffer.from(stereo);
    noisy[headers[8]! + at]! ^= bits;
    await expect(pcmOf(noisy)).rejects.toThrow(
      'damaged: the MP3 stream has lost frames on its way',
    );
  });

  it('is refused when bytes are missing in its middle', async () => {
    const [half, rest] = [stereo.subarray(0, 2000), stereo.subarray(2100)];
    await expect(pcmOf(Buffer.concat([half, rest]))).rejects.toThrow(
      'damaged: the MP3 stream has lost frames on its way',
    );
  });

  it('steps over tags on its way, however long they are', async () => {
    const tag = Buffer.alloc(10 + 2 ** 18, 0xff);
    Buffer.from('ID3\x04\0\0\0\x10\0\0', 'latin1').copy(tag);
    const ape = Buffer.concat([Buffer.from('APETAGEX'), Buffer.alloc(24), Buffer.alloc(500, 0xff)]);
    ape.writeUInt32LE(500, 12);
    ape.writeUInt32LE(0x20000000, 20);
    const pieces = [mono, tag, ape, mono];
    for (const length of [2 ** 20, 10_000]) {
      const alone = await pcmOf(mono);
      expect(await pcmOf(Buffer.concat(pieces), length)).toEqual([...alone, ...alone]);
    }
  });
});

describe('MPEG audio of free format', () => {
  it('is left to ffmpeg', async () => {
    const free = Buffer.from(stereo);
    free[2]! &= 0x0f;
    await expect(pcmOf(free)).rejects.toThrow('unsupportedCodec: MPEG audio of free format');
  });
});

describe('a file that is refused half-way', () => {
  it.each(['stereo.mp3', 'stereo.ogg', 'mono.opus', 'streamed.flac'])(
    'is closed: %s',
    async (name) => {
      let isClosed = false;
      async function* parts(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield* [read(name).subarray(0, -1), Buffer.alloc(2 ** 18)];
        } finally {
          isClosed = true;
          await Promise.resolve();
        }
      }
      const decoding = decodeAudio(parts(), name, 0.1).then((blocks) => toMono16k(blocks, 0.1));
      await expect(decoding).rejects.toMatchObject({ code: 'ClipUnreadable' });
      expect(isClosed).toBe(true);
    },
  );
});
