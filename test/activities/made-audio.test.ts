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

/** A sample more for each stream that is resampled by itself; 1 % for what the resampler rounds. */
function expectLike(
  actual: { seconds: number; rms: number },
  expected: { seconds: number; rms: number },
): void {
  expect(Math.abs(actual.seconds - expected.seconds) * 16_000).toBeLessThanOrEqual(5);
  expect(actual.rms / expected.rms).toBeGreaterThan(0.99);
  expect(actual.rms / expected.rms).toBeLessThan(1.01);
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

  (hasFfmpeg ? it : it.skip).each(made.filter(({ own }) => !own))(
    'has the length and the level that ffmpeg states, by way of ffmpeg: $file ($how)',
    async ({ file, expected }) => {
      expectLike(await measure(file, 'ffmpeg'), expected);
    },
  );
});
