import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { decodeWhole } from './decoded-whole';
import { wavBytes, type WavSpec } from './wav-bytes';

/** Header, then frames, each from its sync code on. */
function framesOf(bytes: Buffer): Buffer[] {
  const starts = [...bytes.toString('latin1').matchAll(/\xff\xf8[\x59\x79]\x18/g)];
  const cuts = [0, ...starts.map(({ index }) => index)];
  return cuts.map((at, index) => bytes.subarray(at, cuts[index + 1]));
}

const flac = new Uint8Array(readFileSync(join(__dirname, '../../reference/clip0.flac')));

/** Where the metadata blocks end. */
function firstFrame(bytes: Uint8Array): number {
  for (let at = 4; ;) {
    const isLast = bytes[at]! >> 7 === 1;
    at += 4 + bytes[at + 1]! * 0x10000 + bytes[at + 2]! * 0x100 + bytes[at + 3]!;
    if (isLast) return at;
  }
}

async function reasonOf(decoding: Promise<unknown>): Promise<string> {
  const error = await decoding.then(
    () => new Error('it was decoded'),
    (reason: unknown) => reason,
  );
  return error instanceof ClipUnreadable ? error.reason : String(error);
}

describe('decoding a WAV file', () => {
  it.each<[string, WavSpec, number[], number[]]>([
    ['8-bit', { bits: 8 }, [-128, 0, 127], [-1, 0, 127 / 128]],
    ['16-bit', { bits: 16 }, [-32768, 1, 32767], [-1, 1 / 32768, 32767 / 32768]],
    ['24-bit', { bits: 24 }, [-8388608, -1, 8388607], [-1, -1 / 8388608, 8388607 / 8388608]],
    ['32-bit', { bits: 32 }, [-2147483648, 0, 1073741824], [-1, 0, 0.5]],
    ['32-bit float', { bits: 32, float: true }, [-1.5, 0.25, 1], [-1.5, 0.25, 1]],
    ['64-bit float', { bits: 64, float: true }, [-0.125, 0.1, 1], [-0.125, Math.fround(0.1), 1]],
    ['extensible 24-bit', { bits: 24, extensible: true }, [0, 4194304], [0, 0.5]],
    ['extensible float', { bits: 32, float: true, extensible: true }, [0.5, -0.5], [0.5, -0.5]],
  ])('reads %s samples at their full scale', async (_, spec, raw, expected) => {
    const { sampleRate, channels } = await decodeWhole(
      wavBytes([raw], { ...spec, sampleRate: 44_100 }),
      'clip.wav',
    );
    expect(sampleRate).toBe(44_100);
    expect(channels.map((channel) => Array.from(channel))).toEqual([expected]);
  });

  it('gives back any 16 kHz mono int16 file bit by bit', async () => {
    const samples = fc.array(fc.integer({ min: -32768, max: 32767 }), {
      minLength: 257,
      maxLength: 600,
    });
    await fc.assert(
      fc.asyncProperty(samples, async (pcm) => {
        expect(
          Array.from(
            await toMono16k(await decodeAudio([wavBytes([pcm], { bits: 16 })], 'clip.wav')),
          ),
        ).toEqual(pcm);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps interleaved channels apart', async () => {
    const { channels } = await decodeWhole(
      wavBytes(
        [
          [16384, 0],
          [0, -16384],
        ],
        { bits: 16 },
      ),
      'clip.wav',
    );
    expect(channels.map((channel) => Array.from(channel))).toEqual([
      [0.5, 0],
      [0, -0.5],
    ]);
  });

  it.each([true, false])('steps over a chunk of odd length (padding byte: %s)', async (padded) => {
    const extraChunks = [{ id: 'LIST', bytes: Uint8Array.of(1, 2, 3), padded }];
    const { channels } = await decodeWhole(
      wavBytes([[1, 2, 3]], { bits: 16, extraChunks }),
      'clip.wav',
    );
    expect(channels[0]).toHaveLength(3);
  });

  // arecord states 0x80000000 in what it writes to a pipe.
  it.each([0, 0xffffffff, 0x80000000, 0x7fffffdb, 7, 1000])(
    'reads what is there when the data length says %d bytes',
    async (statedDataBytes) => {
      const { channels } = await decodeWhole(
        wavBytes([[1, 2, 3, 4]], { bits: 16, statedDataBytes }),
        'clip.wav',
      );
      expect(channels[0]).toHaveLength(statedDataBytes === 7 ? 3 : 4);
    },
  );

  it('refuses a file that ends before what both its lengths state', async () => {
    const bytes = wavBytes([[1, 2, 3, 4]], { bits: 16 });
    await expect(decodeWhole(bytes.subarray(0, bytes.length - 3), 'clip.wav')).rejects.toThrow(
      'damaged: the WAV file breaks off: 3 bytes of its samples are missing',
    );
  });

  it('takes the lengths of an RF64 file from its own chunk, and nothing behind them', async () => {
    const lengths = Buffer.alloc(28);
    lengths.writeBigUInt64LE(120n, 0);
    lengths.writeBigUInt64LE(8n, 8);
    const plain = wavBytes([[1, 2, 3, 4]], {
      bits: 16,
      statedDataBytes: 0xffffffff,
      statedFileBytes: 0xffffffff,
    });
    const head = Buffer.from('ds64\x1c\0\0\0', 'latin1');
    const file = Buffer.concat([
      Buffer.from('RF64'),
      plain.subarray(4, 12),
      head,
      lengths,
      plain.subarray(12),
      Buffer.from('LIST\x04\0\0\0abcd'),
    ]);
    expect((await decodeWhole(file, 'clip.wav')).channels[0]).toHaveLength(4);
    await expect(decodeWhole(file.subarray(0, file.length - 16), 'clip.wav')).rejects.toThrow(
      /4 bytes of its samples are missing/,
    );
  });

  it('drops a last frame that is cut short', async () => {
    const bytes = wavBytes(
      [
        [1, 2],
        [3, 4],
      ],
      { bits: 16 },
    );
    const { channels } = await decodeWhole(bytes.subarray(0, bytes.length - 1), 'clip.wav');
    expect(channels.map(({ length }) => length)).toEqual([1, 1]);
  });

  it('says why a file is refused', async () => {
    const good = wavBytes([[1, 2, 3]], { bits: 16 });
    expect(
      await reasonOf(decodeWhole(wavBytes([[1]], { bits: 16, tag: 0x55 }), 'mp3 in wav')),
    ).toBe('unsupportedCodec');
    expect(await reasonOf(decodeWhole(good.subarray(0, 30), 'cut in fmt'))).toBe('damaged');
    expect(await reasonOf(decodeWhole(good.subarray(0, 36), 'no data'))).toBe('damaged');
    expect(await reasonOf(decodeWhole(Uint8Array.of(1, 2, 3, 4, 5), 'clip.wav'))).toBe(
      'unknownFormat',
    );
    expect(await reasonOf(decodeWhole(new Uint8Array(0), 'clip.wav'))).toBe('empty');
  });

  it('never fails otherwise than typed, whatever bytes follow the header', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (tail) => {
        const reason = await reasonOf(
          decodeWhole(
            Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0', 'latin1'), tail]),
            'noise',
          ),
        );
        expect(['damaged', 'unsupportedCodec', 'Error: it was decoded']).toContain(reason);
      }),
    );
  });
});

describe('decoding a WAV file of another kind', () => {
  // The codes of table 1a and 2a of ITU-T G.711, and what they stand for in 16 bits.
  it.each([
    ['µ-law', 7, [0x00, 0x80, 0x7f, 0xff, 0x8f], [-32124, 32124, 0, 0, 16764]],
    ['A-law', 6, [0x2a, 0xaa, 0x55, 0xd5, 0xd4], [-32256, 32256, -8, 8, 24]],
  ])('reads %s', async (_, tag, codes, values) => {
    const raw = codes.map((code) => code - 128);
    for (const extensible of [false, true]) {
      const file = wavBytes([raw], { bits: 8, tag, extensible, sampleRate: 8000 });
      const { channels } = await decodeWhole(file, 'clip.wav');
      expect(Array.from(channels[0]!, (value) => value * 0x8000)).toEqual(values);
    }
  });

  it.each([
    [12, 16, [-32768, 16, 32752]],
    [20, 24, [-8388608, 16, 4194304]],
  ])('reads %d bits at the upper end of %d', async (bits, container, raw) => {
    const file = wavBytes([raw], { bits: container as 16 | 24 });
    new DataView(file.buffer).setUint16(34, bits, true);
    const { channels } = await decodeWhole(file, 'clip.wav');
    expect(Array.from(channels[0]!, (value) => value * 2 ** (container - 1))).toEqual(raw);
  });

  it.each([
    ['BW64', 120n, 8n, 4],
    ['RF64', 120n, 8n, 4],
    ['RF64', 0xffffffffffffffffn, 0xffffffffffffffffn, 4],
    ['BW64', 0n, 0n, 4],
  ])('reads %s whose lengths are %d and %d', async (id, fileBytes, dataBytes, expected) => {
    const lengths = Buffer.alloc(36);
    lengths.write('ds64\x1c\0\0\0', 'latin1');
    lengths.writeBigUInt64LE(fileBytes, 8);
    lengths.writeBigUInt64LE(dataBytes, 16);
    const plain = wavBytes([[1, 2, 3, 4]], { bits: 16, statedDataBytes: 0xffffffff });
    const file = Buffer.concat([
      Buffer.from(id),
      plain.subarray(4, 12),
      lengths,
      plain.subarray(12),
    ]);
    expect((await decodeWhole(file, 'clip.wav')).channels[0]).toHaveLength(expected);
  });

  it('reads 64 channels', async () => {
    const raw = Array.from({ length: 64 }, (_, channel) => [channel, -channel]);
    const { channels } = await decodeWhole(wavBytes(raw, { bits: 16 }), 'clip.wav');
    expect(channels.map((channel) => Array.from(channel, (value) => value * 0x8000 + 0))).toEqual(
      raw.map((channel) => channel.map((value) => value + 0)),
    );
  });

  it.each(['data', 'RIFF'])('refuses more samples behind the stated ones: %s', async (id) => {
    const one = wavBytes([[1, 2, 3]], { bits: 16 });
    const more = id === 'RIFF' ? one : one.subarray(36);
    await expect(decodeWhole(Buffer.concat([one, more]), 'clip.wav')).rejects.toThrow(
      'damaged: the WAV file holds more samples behind those that its header states; split it',
    );
  });
});

describe('a file that holds no audio', () => {
  it.each([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'],
    ['a web page', '<!DOCTYPE html><title>404</title>'],
    ['gzip data', '\x1f\x8b\x08\0\0\0\0\0'],
    ['an AppleDouble file of macOS', '\0\x05\x16\x07\0\x02\0\0Mac OS X'],
    ['a PNG picture', '\x89PNG\r\n\x1a\n'],
    ['a zip archive', 'PK\x03\x04\x14\0\0\0'],
  ])('is named for what it is: %s', async (what, text) => {
    const file = Buffer.from(text, 'latin1');
    await expect(decodeWhole(file, 'clip.wav')).rejects.toThrow(`notAudio: clip.wav is ${what};`);
  });

  it.each([
    ['Wave64', 'riff\x2e\x91\xcf\x11'],
    ['AIFF', 'FORM\0\0\x10\0AIFC'],
    ['MP4 or M4A', '\0\0\0\x20ftypM4A '],
  ])('is told by its format when that is known: %s', async (format, text) => {
    const file = Buffer.from(text, 'latin1');
    await expect(decodeWhole(file, 'clip.wav')).rejects.toThrow(
      new RegExp(`^unknownFormat: clip.wav starts with [0-9a-f]{8}, it is ${format}: no WAV`),
    );
  });
});

describe('decoding a FLAC file', () => {
  beforeEach(() => jest.spyOn(console, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  it.each([16, 24, 32])(
    'gives every sample of a %i-bit stream up to full scale exactly',
    async (bits) => {
      const loud = new Uint8Array(readFileSync(join(__dirname, `encoded/loud${bits}.flac`)));
      const half = 2 ** (bits - 1);
      const expected = Array.from({ length: 1000 }, (_, index) => {
        if (index < 2) return index === 0 ? -half : half - 1;
        return (Math.imul(index, 2654435761) >>> (32 - bits)) - half;
      }).map((value) => Math.fround(value));
      const { channels } = await decodeWhole(loud, 'loud.flac');
      expect(Array.from(channels[0]!, (sample) => sample * half)).toEqual(expected);
    },
  );

  it.each([
    ['../../../reference/clip0.flac', 16],
    ['loud16.flac', 16],
    ['loud24.flac', 24],
    ['surround8.flac', 8],
    ['level8.flac', 24],
  ])(
    'gives the samples whose MD5 the encoder noted in %s, even under a wrong name',
    async (name, bits) => {
      const bytes = new Uint8Array(readFileSync(join(__dirname, 'encoded', name)));
      const { channels } = await decodeWhole(bytes, 'clip.wav');
      const interleaved = Buffer.alloc((channels[0]!.length * channels.length * bits) / 8);
      channels.forEach((channel, number) =>
        channel.forEach((value, index) =>
          interleaved.writeIntLE(
            value * 2 ** (bits - 1),
            ((index * channels.length + number) * bits) / 8,
            bits / 8,
          ),
        ),
      );
      expect(createHash('md5').update(interleaved).digest('hex')).toBe(
        Buffer.from(bytes.subarray(26, 42)).toString('hex'),
      );
    },
  );

  it('reads a stream whose header states neither length nor MD5', async () => {
    const { channels } = await decodeWhole(
      new Uint8Array(readFileSync(join(__dirname, 'encoded/streamed.flac'))),
      'streamed.flac',
    );
    expect(channels.map(({ length }) => length)).toEqual([26_460, 26_460]);
  });

  it.each([
    ['lost', (frames: Buffer[]) => [...frames.slice(0, 1), ...frames.slice(2)]],
    ['doubled', (frames: Buffer[]) => [frames[0]!, ...frames]],
    ['exchanged', ([first, second, ...others]: Buffer[]) => [second!, first!, ...others]],
  ])('refuses a stream of unstated length of which a frame was %s', async (_, changed) => {
    const [header, ...frames] = framesOf(readFileSync(join(__dirname, 'encoded/streamed.flac')));
    const decode = (parts: Buffer[]) => decodeWhole(Buffer.concat([header!, ...parts]), 'x.flac');
    expect(await reasonOf(decode(changed(frames)))).toBe('damaged');
    // One that was cut out of a longer stream starts at another number.
    expect((await decode(frames.slice(1))).channels).toHaveLength(2);
  });

  it('refuses a stream whose frames state another rate than its header', async () => {
    const bytes = readFileSync(join(__dirname, 'encoded/streamed.flac'));
    // 20 bits: 44.1 kHz becomes 48 kHz.
    bytes.writeUIntBE((48_000 << 4) | (bytes.readUIntBE(18, 3) & 15), 18, 3);
    await expect(decodeWhole(bytes, 'x.flac')).rejects.toThrow(
      'damaged: the FLAC stream states 48000 Hz, and a frame 44100 Hz',
    );
  });

  it.each(['../../../reference/clip0.flac', 'streamed.flac'])(
    'refuses %s when it was cut short',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(join(__dirname, 'encoded', name)));
      for (const length of [20, bytes.length >> 1, bytes.length - 100, bytes.length - 1])
        expect(await reasonOf(decodeWhole(bytes.subarray(0, length), 'cut.flac'))).toBe('damaged');
    },
  );

  it.each(['../../../reference/clip0.flac', 'loud24.flac', 'surround8.flac', 'streamed.flac'])(
    'refuses %s with a flipped bit anywhere in its frames, by their own sums',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(join(__dirname, 'encoded', name)));
      const frames = firstFrame(bytes);
      for (let at = frames; at < bytes.length; at += Math.ceil((bytes.length - frames) / 60)) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << (at & 7);
        expect({ at, reason: await reasonOf(decodeWhole(flipped, 'flipped.flac')) }).toEqual({
          at,
          reason: 'damaged',
        });
      }
    },
  );

  it('looks behind an ID3 header', async () => {
    const header = Buffer.from('ID3\x04\0\0\0\0\0\x05abcde', 'latin1');
    const { channels } = await decodeWhole(Buffer.concat([header, flac]), 'tagged.flac');
    expect(channels).toHaveLength(1);
  });
});
