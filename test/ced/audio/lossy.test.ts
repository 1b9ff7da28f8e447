import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { decodeWhole, type DecodedAudio } from './decoded-whole';

const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(__dirname, 'encoded', name)));

/** Amplitude of a sine in the middle of a channel, where no codec is still settling. */
function amplitude(channel: Float32Array, sampleRate: number, hertz: number): number {
  const period = (2 * Math.PI * hertz) / sampleRate;
  const [from, to] = [Math.round(0.1 * sampleRate), Math.round(0.5 * sampleRate)];
  let [sine, cosine] = [0, 0];
  for (let at = from; at < to; at++) {
    sine += channel[at]! * Math.sin(period * at);
    cosine += channel[at]! * Math.cos(period * at);
  }
  return (2 * Math.hypot(sine, cosine)) / (to - from);
}

async function reasonOf(decoding: Promise<DecodedAudio>): Promise<string> {
  return await decoding.then(
    () => 'decoded',
    (error: unknown) => (error instanceof ClipUnreadable ? error.reason : String(error)),
  );
}

describe('decoding a lossy file', () => {
  beforeEach(() => jest.spyOn(console, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['stereo.ogg', 44_100, 2],
    ['mono.opus', 48_000, 1],
    ['stereo.mp3', 44_100, 2],
    ['mono16.mp3', 16_000, 1],
  ])(
    'gives the length, rate and tones of %s, whatever its name says',
    async (name, sampleRate, channels) => {
      const audio = await decodeWhole(read(name), 'clip.wav');
      expect({ sampleRate: audio.sampleRate, channels: audio.channels.length }).toEqual({
        sampleRate,
        channels,
      });
      expect(audio.channels.map((channel) => channel.length)).toEqual(
        Array<number>(channels).fill(0.6 * sampleRate),
      );
      const [left, right] = audio.channels;
      expect(amplitude(left!, sampleRate, 440)).toBeCloseTo(0.4, 1);
      if (right)
        expect([amplitude(right, sampleRate, 1000), amplitude(right, sampleRate, 440)]).toEqual([
          expect.closeTo(0.3, 1),
          expect.closeTo(0, 1),
        ]);
    },
  );

  it.each(['stereo.ogg', 'mono.opus', 'stereo.mp3'])(
    'gives the same samples of %s every time',
    async (name) => {
      const [first, second] = [
        await decodeWhole(read(name), name),
        await decodeWhole(read(name), name),
      ];
      expect(
        Buffer.from(first.channels[0]!.buffer).equals(Buffer.from(second.channels[0]!.buffer)),
      ).toBe(true);
    },
  );

  it.each(['stereo.ogg', 'mono.opus'])(
    'refuses %s cut short or with a flipped bit',
    async (name) => {
      const bytes = read(name);
      expect(await reasonOf(decodeWhole(bytes.subarray(0, bytes.length - 100), name))).toBe(
        'damaged',
      );
      const flipped = bytes.slice();
      flipped[bytes.length - 300]! ^= 0x10;
      expect(await reasonOf(decodeWhole(flipped, name))).toBe('damaged');
    },
  );

  it('refuses an MP3 with noise after its first frame, and AAC, which starts alike', async () => {
    const mp3 = read('stereo.mp3');
    const start = mp3.indexOf(0xff);
    const noise = mp3
      .subarray(start)
      .map((byte, index) => (index < 4 ? byte : (index * 7919) & 0xff));
    expect(await reasonOf(decodeWhole(noise, 'noise.mp3'))).toBe('damaged');
    expect(
      await reasonOf(decodeWhole(Uint8Array.of(0xff, 0xf1, 0x50, 0x80, 0, 0, 0, 0), 'clip.aac')),
    ).toBe('unknownFormat');
  });

  it('looks behind the ID3 header of an MP3', async () => {
    const header = Buffer.from('ID3\x04\0\0\0\0\0\x05abcde', 'latin1');
    expect(
      (await decodeWhole(Buffer.concat([header, read('stereo.mp3')]), 'tagged.mp3')).channels,
    ).toHaveLength(2);
  });

  it.each(['stereo.m4a', 'mono.webm'])('leaves %s to others', async (name) => {
    expect(await reasonOf(decodeWhole(read(name), name))).toBe('unknownFormat');
  });
});
