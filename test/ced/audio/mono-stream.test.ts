import type { AudioBlock } from '../../../ced/audio/audio-block';
import { decodeAudio } from '../../../ced/audio/decode';
import { monoStream } from '../../../ced/audio/mono-stream';
import { toMono16k } from '../../../ced/audio/to-mono';
import { wavBytes } from './wav-bytes';

const noise = (samples: number, seed = 1): number[] =>
  Array.from({ length: samples }, (_, index) => Math.imul(index + seed, 2654435761) >> 17);

async function* inParts(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function joined(stream: AsyncIterable<Int16Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { buffer, byteOffset, byteLength } of stream)
    parts.push(Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength)));
  return Buffer.concat(parts);
}

describe('samples at 16 kHz while a recording is decoded', () => {
  it.each([
    ['16 kHz', 16_000, 1, null],
    ['44.1 kHz, two channels', 44_100, 2, null],
    ['48 kHz, the second channel', 48_000, 2, 1],
    ['8 kHz', 8000, 1, null],
  ])('are those of the whole: %s', async (_, sampleRate, channels, channel) => {
    const tracks = Array.from({ length: channels }, (_track, track) => noise(120_000, track + 1));
    const bytes = wavBytes(tracks, { bits: 16, sampleRate });
    const whole = await toMono16k(await decodeAudio([bytes], 'clip'), Infinity, undefined, channel);
    for (const isLive of [false, true])
      for (const length of [999, 70_001]) {
        const blocks = await decodeAudio(inParts(bytes, length), 'clip', Infinity, isLive);
        const streamed = await joined(monoStream(blocks, { channel, isLive }));
        expect(streamed.equals(Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength))).toBe(
          true,
        );
      }
  });

  it('of a live stream come as soon as their input has come', async () => {
    const rate = 48_000;
    let given = 0;
    async function* blocks(): AsyncGenerator<AudioBlock> {
      for (let block = 0; block < 20; block++) {
        given += 480;
        yield { sampleRate: rate, channels: [new Float32Array(480)] };
      }
    }
    let samples = 0;
    const behind: number[] = [];
    for await (const part of monoStream(blocks(), { isLive: true })) {
      samples += part.length;
      behind.push(given / rate - samples / 16_000);
    }
    // Half the resampler's kernel: 40 zero crossings at 0.95 of 16 kHz.
    expect(Math.max(...behind)).toBeLessThan(0.003);
    expect(behind.length).toBeGreaterThan(20);
    expect(samples).toBe(20 * 160);
  });

  it('name the place of a sample that is not a number', async () => {
    async function* blocks(): AsyncGenerator<AudioBlock> {
      yield { sampleRate: 16_000, channels: [new Float32Array(100)] };
      yield { sampleRate: 16_000, channels: [Float32Array.of(0, NaN)] };
    }
    await expect(joined(monoStream(blocks()))).rejects.toThrow('sample 101 at 16 kHz');
  });
});
