import { decodeAudio } from '../../ced/audio/decode';
import { toMono16k } from '../../ced/audio/mono16k';
import { statedSeconds } from '../../ced/audio/stated-length';
import { decodeWavStream } from '../../ced/audio/wav-stream';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wavBytes, type WavSpec } from './wav-bytes';

const noise = (samples: number): number[] => Array.from({ length: samples }, (_, index) => Math.imul(index + 1, 2654435761) >> 17);

async function* inParts(bytes: Uint8Array, length: number, onRead = (): void => undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    onRead();
    yield bytes.subarray(at, at + length);
  }
}

describe('a WAV file heard as it arrives', () => {
  it.each<[string, number, WavSpec, number]>([
    ['mono at 16 kHz', 1, { bits: 16 }, 60_001],
    ['stereo at 44.1 kHz, in several blocks', 2, { bits: 32, sampleRate: 44_100 }, 300_000],
    ['with a length of 0, as recorders leave it', 1, { bits: 24, sampleRate: 8000, statedDataBytes: 0 }, 1001],
    ['with something behind its samples', 1, { bits: 16, sampleRate: 48_000, statedDataBytes: 4002 }, 3000],
  ])('gives the samples of the whole file: %s', async (_, channels, spec, samples) => {
    const bytes = wavBytes(Array.from({ length: channels }, (_channel, channel) => noise(samples + channel).slice(channel)), spec); // prettier-ignore
    const whole = toMono16k(await decodeAudio(bytes, 'clip'));
    const streamed = await decodeWavStream(inParts(bytes, 65_537), 3600);
    expect(streamed.length).toBe(whole.length);
    expect(Buffer.from(streamed.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
  });

  it('is refused by its header when it lasts ten hours, before its samples are read', async () => {
    const bytes = Buffer.concat([wavBytes([noise(1000)], { bits: 16, statedDataBytes: 10 * 3600 * 32_000 }), Buffer.alloc(2 ** 23)]);
    let reads = 0;
    await expect(decodeWavStream(inParts(bytes, 65_536, () => void reads++), 3600)).rejects.toThrow('tooLong: 36000 s, and clips of at most 3600 s are read; cut it'); // prettier-ignore
    expect(reads).toBeLessThan(20);
  });

  it('is refused while it comes when its header does not say', async () => {
    const bytes = wavBytes([noise(1_000_000)], { bits: 16, statedDataBytes: 0xffffffff });
    await expect(decodeWavStream(inParts(bytes, 65_536), 20)).rejects.toMatchObject({ reason: 'tooLong' });
  });

  it('is refused for what it is when it is broken', async () => {
    const bytes = wavBytes([noise(1000)], { bits: 16 });
    await expect(decodeWavStream(inParts(bytes.subarray(0, 36), 10), 20)).rejects.toMatchObject({ reason: 'damaged' });
    await expect(decodeWavStream(inParts(wavBytes([[1, 2]], { bits: 16 }), 10), 20)).rejects.toMatchObject({ reason: 'tooShort' });
  });
});

describe('the length that a file states', () => {
  it.each([
    ['stereo.ogg', 0.6],
    ['mono.opus', 0.6065],
    ['loud16.flac', 1000 / 16_000],
    ['stereo.mp3', 0],
  ])('is known of %s without unpacking it', (name, seconds) => {
    expect(statedSeconds(readFileSync(join(__dirname, 'encoded', name)))).toBeCloseTo(seconds, 3);
  });
});
