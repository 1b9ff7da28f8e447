import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { wavBytes, type WavSpec } from './wav-bytes';

const noise = (samples: number): number[] =>
  Array.from({ length: samples }, (_, index) => Math.imul(index + 1, 2654435761) >> 17);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(__dirname, name)));

async function* inParts(
  bytes: Uint8Array,
  length: number,
  onRead = (): void => undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    onRead();
    yield bytes.subarray(at, at + length);
  }
}

const pcmOf = async (
  parts: AsyncIterable<Uint8Array>,
  longestSeconds?: number,
): Promise<Int16Array> =>
  toMono16k(await decodeAudio(parts, 'clip', longestSeconds), longestSeconds);

describe('a file decoded as it arrives', () => {
  it.each<[string, number, WavSpec, number]>([
    ['mono at 16 kHz', 1, { bits: 16 }, 60_001],
    ['stereo at 44.1 kHz, in several blocks', 2, { bits: 32, sampleRate: 44_100 }, 300_000],
    [
      'with a length of 0, as recorders leave it',
      1,
      { bits: 24, sampleRate: 8000, statedDataBytes: 0 },
      1001,
    ],
    [
      'with something behind its samples',
      1,
      { bits: 16, sampleRate: 48_000, statedDataBytes: 4002 },
      3000,
    ],
  ])('gives the samples of the whole: WAV, %s', async (_, channels, spec, samples) => {
    const bytes = wavBytes(
      Array.from({ length: channels }, (_channel, channel) =>
        noise(samples + channel).slice(channel),
      ),
      spec,
    );
    const whole = await pcmOf(inParts(bytes, bytes.length));
    const streamed = await pcmOf(inParts(bytes, 65_537));
    expect(streamed.length).toBe(whole.length);
    expect(Buffer.from(streamed.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
  });

  it.each([
    'encoded/loud24.flac',
    '../../reference/clip0.flac',
    'encoded/stereo.ogg',
    'encoded/mono.opus',
    'encoded/stereo.mp3',
    'encoded/mono16.mp3',
  ])('gives the samples of the whole, in parts of any length: %s', async (name) => {
    const bytes = read(name);
    const whole = await pcmOf(inParts(bytes, bytes.length));
    for (const length of [1, 777, 40_000])
      expect(
        Buffer.from((await pcmOf(inParts(bytes, length))).buffer).equals(Buffer.from(whole.buffer)),
      ).toBe(true);
  });

  it('is decoded beside others without mixing with them', async () => {
    const [first, second] = [read('../../reference/clip0.flac'), read('encoded/loud24.flac')];
    const alone = [await pcmOf(inParts(first, 1000)), await pcmOf(inParts(second, 1000))];
    const together = await Promise.all([
      pcmOf(inParts(first, 1000)),
      pcmOf(inParts(second, 100)),
      pcmOf(inParts(first, 5000)),
    ]);
    expect(
      [0, 1, 0].map((which, at) =>
        Buffer.from(together[at]!.buffer).equals(Buffer.from(alone[which]!.buffer)),
      ),
    ).toEqual([true, true, true]);
  });

  it('is refused by its header when it lasts ten hours, before its samples are read', async () => {
    const wav = Buffer.concat([
      wavBytes([noise(1000)], { bits: 16, statedDataBytes: 10 * 3600 * 32_000 }),
      Buffer.alloc(2 ** 23),
    ]);
    const flac = Buffer.concat([read('../../reference/clip0.flac'), Buffer.alloc(2 ** 23)]);
    // 36 bits of samples behind "fLaC", the block's header and what comes before them.
    flac.writeUInt32BE(10 * 3600 * 16_000, 8 + 14);
    for (const bytes of [wav, flac]) {
      let reads = 0;
      await expect(
        pcmOf(
          inParts(bytes, 65_536, () => void reads++),
          3600,
        ),
      ).rejects.toThrow('tooLong: 36000 s, and clips of at most 3600 s are read; cut it');
      expect(reads).toBeLessThan(20);
    }
  });

  it.each(['wav', 'mp3'])(
    'is refused while it comes when its header does not say: %s',
    async (format) => {
      const mp3 = read('encoded/stereo.mp3');
      const bytes =
        format === 'wav'
          ? wavBytes([noise(1_000_000)], { bits: 16, statedDataBytes: 0xffffffff })
          : Buffer.concat(Array.from({ length: 100 }, () => mp3.subarray(mp3.indexOf(0xff))));
      let reads = 0;
      await expect(
        pcmOf(
          inParts(bytes, 65_536, () => void reads++),
          20,
        ),
      ).rejects.toMatchObject({ reason: 'tooLong' });
      expect(reads).toBeLessThan(bytes.length / 65_536);
    },
  );

  it('is refused for what it is when it is broken', async () => {
    const bytes = wavBytes([noise(1000)], { bits: 16 });
    await expect(pcmOf(inParts(bytes.subarray(0, 36), 10))).rejects.toMatchObject({
      reason: 'damaged',
    });
    await expect(pcmOf(inParts(wavBytes([[1, 2]], { bits: 16 }), 10))).rejects.toMatchObject({
      reason: 'tooShort',
    });
  });
});
