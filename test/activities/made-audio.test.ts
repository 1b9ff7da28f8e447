import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeClip } from '../../activities/ingest/decode-clip';
import made from '../ced/audio/made/made.json';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const read = (file: string): Buffer => readFileSync(join(__dirname, '../ced/audio/made', file));

async function measure(file: string, program: string): Promise<{ seconds: number; rms: number }> {
  const pcm = await decodeClip(() => [read(file)], file, { program });
  const energy = pcm.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0);
  return { seconds: pcm.length / 16_000, rms: Math.sqrt(energy / pcm.length) };
}

/**
 * A sample more for each stream that is resampled by itself; 1 % for what the resampler rounds.
 * @param padding samples that may follow
 */
function expectLike(
  actual: { seconds: number; rms: number },
  expected: { seconds: number; rms: number },
  padding = 0,
): void {
  const longer = (actual.seconds - expected.seconds) * 16_000;
  expect(longer).toBeGreaterThanOrEqual(-5);
  expect(longer).toBeLessThanOrEqual(5 + padding);
  const level = (actual.rms * Math.sqrt(actual.seconds)) / Math.sqrt(expected.seconds);
  expect(level / expected.rms).toBeGreaterThan(0.99);
  expect(level / expected.rms).toBeLessThan(1.01);
}

describe('a made file', () => {
  it.each(made.filter(({ own }) => own))(
    'has the length and the level that $expected.by states: $file ($how)',
    async ({ file, expected }) => {
      expectLike(await measure(file, '/nowhere/ffmpeg'), expected);
    },
  );

  it.each(made.filter(({ own }) => !own))(
    'is refused with the remedy where there is no ffmpeg: $file',
    async ({ file }) => {
      await expect(measure(file, '/nowhere/ffmpeg')).rejects.toThrow(
        /^(unknownFormat|unsupportedCodec): .*; with ffmpeg on the worker's PATH more formats/,
      );
    },
  );

  // ffmpeg reads FLAC of 32 bits since version 6, and cuts the padding of AAC's end since 7.
  const versioned = new Set(['flac-32bit-stereo.flac']);
  const padding = 1024;

  (hasFfmpeg ? it : it.skip).each(made.filter(({ own, file }) => !own && !versioned.has(file)))(
    'has the length and the level that ffmpeg states, by way of ffmpeg: $file ($how)',
    async ({ file, expected }) => {
      expectLike(await measure(file, 'ffmpeg'), expected, file.endsWith('.m4a') ? padding : 0);
    },
  );

  (hasFfmpeg ? it : it.skip).each([...versioned])(
    'is read by way of ffmpeg, or told to be beyond that version: %s',
    async (file) => {
      const { expected } = made.find((each) => each.file === file)!;
      const outcome = await measure(file, 'ffmpeg').catch((error: unknown) => String(error));
      if (typeof outcome === 'string') expect(outcome).toMatch(/ffmpeg finds no samples in it/);
      else expectLike(outcome, expected);
    },
  );
});
