import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { wavBytes } from '../ced/audio/wav-bytes';

const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(__dirname, '../ced/audio/encoded', name)));
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

async function refusal(decoding: Promise<unknown>): Promise<string> {
  return await decoding.then(
    () => 'decoded',
    (error: unknown) =>
      error instanceof ClipUnreadable ? error.message : `unexpected: ${String(error)}`,
  );
}

describe('decoding a clip', () => {
  it.each(['stereo.ogg', 'mono.opus', 'stereo.mp3'])('needs no ffmpeg for %s', async (name) => {
    expect(await decodeClip(() => [read(name)], name, { program: '/nowhere/ffmpeg' })).toHaveLength(
      9600,
    );
  });

  it('says that ffmpeg would read more, where there is none', async () => {
    expect(
      await refusal(
        decodeClip(() => [read('stereo.m4a')], 'a.m4a', { program: '/nowhere/ffmpeg' }),
      ),
    ).toMatch(/^unknownFormat: a\.m4a starts with .*with ffmpeg on the worker's PATH/);
  });

  it('names the format of a clip in which ffmpeg finds no samples', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-no-samples-'));
    try {
      writeFileSync(join(folder, 'none.wav'), wavBytes([[]], { bits: 16 }));
      const program = join(folder, 'ffmpeg');
      writeFileSync(program, `#!/bin/sh\ncat '${join(folder, 'none.wav')}'\n`, { mode: 0o755 });
      const flac = readFileSync(join(__dirname, '../ced/audio/made/flac-32bit-stereo.flac'));
      expect(await refusal(decodeClip(() => [flac], 'a.flac', { program }))).toBe(
        'unsupportedCodec: FLAC of 32 bits with a channel difference; ' +
          'ffmpeg finds no samples in it: convert it, or use a later version',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  (hasFfmpeg ? describe : describe.skip)('with ffmpeg', () => {
    it.each(['stereo.m4a', 'mono.webm'])('reads %s', async (name) => {
      const pcm = await decodeClip(() => [read(name)], name);
      expect(pcm.length).toBeGreaterThanOrEqual(9600);
      expect(pcm.length).toBeLessThan(9600 + 1024);
      expect(Math.max(...pcm.subarray(2000, 7000)) / 32768).toBeGreaterThan(0.25);
    });

    it('reads GSM to its end, whose last packet is a padding byte', async () => {
      const pcm = await decodeClip(() => [read('gsm.wav')], 'gsm.wav');
      expect(pcm).toHaveLength(16_000);
      expect(Math.max(...pcm) / 32768).toBeCloseTo(0.435, 2);
    });

    it('refuses noise and a broken file with a reason, leaving no temporary file', async () => {
      expect(
        await refusal(decodeClip(() => [Buffer.from('certainly no audio at all')], 'noise')),
      ).toMatch(/^damaged: ffmpeg cannot decode it: (clip|Error opening input): Invalid data/);
      expect(
        await refusal(decodeClip(() => [read('stereo.m4a').subarray(0, 2000)], 'cut.m4a')),
      ).toMatch(/^damaged: ffmpeg cannot decode it/);
      expect(
        readdirSync(tmpdir()).filter((name) => name.startsWith(`ced-ffmpeg-${process.pid}-`)),
      ).toEqual([]);
    });

    it('follows no playlist to other files', async () => {
      const audio = join(__dirname, '../ced/audio/encoded/stereo.mp3');
      const playlist =
        '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n' + `file://${audio}\n#EXT-X-ENDLIST\n`;
      expect(await refusal(decodeClip(() => [Buffer.from(playlist)], 'list.m3u8'))).toMatch(
        /^damaged: /,
      );
    });

    it('refuses a clip that decodes to too much, or takes too long', async () => {
      expect(
        await refusal(decodeClip(() => [read('stereo.m4a')], 'a.m4a', { maxBytes: 1000 })),
      ).toBe('damaged: it decodes to more than 1000 bytes');
      expect(await refusal(decodeClip(() => [read('stereo.m4a')], 'a.m4a', { timeoutMs: 1 }))).toBe(
        'damaged: ffmpeg took longer than 0.001 s',
      );
    });
  });
});
