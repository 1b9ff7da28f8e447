import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';

const made = (name: string): Buffer => readFileSync(join(__dirname, 'made', name));
/** 8 frames behind one of numbers, of 432 bytes each. */
const stated = made('mp3-cbr-s44.mp3');
const unstated = made('mp3-noinfo-s44.mp3');
const vbri = made('mp3-vbri.mp3');
const FRAME_BYTES = 432;

const id3v1 = Buffer.concat([Buffer.from('TAGa title'), Buffer.alloc(118)]);
const ape = Buffer.concat([Buffer.from('APETAGEX'), Buffer.alloc(24), Buffer.alloc(500, 0xff)]);
ape.writeUInt32LE(500, 12);
ape.writeUInt32LE(0x20000000, 20);

/** @param numbers what the Xing frame states; null = the flag says that it does not */
function stating(numbers: { frames?: number | null; bytes?: number | null }): Buffer {
  const file = Buffer.from(stated);
  const at = file.indexOf('Info');
  const { frames = 8, bytes = stated.length } = numbers;
  file.writeUInt32BE((frames === null ? 0 : 1) + (bytes === null ? 0 : 2), at + 4);
  let next = at + 8;
  for (const number of [frames, bytes])
    if (number !== null) next = file.writeUInt32BE(number, next);
  return file;
}

async function samplesOf(file: Uint8Array, partBytes = file.length): Promise<number> {
  const parts = (function* () {
    for (let at = 0; at < file.length; at += partBytes) yield file.subarray(at, at + partBytes);
  })();
  return (await toMono16k(await decodeAudio(parts, 'clip.mp3'))).length;
}

describe('an MP3 file that was cut short', () => {
  it.each([
    ['half-way', stated, stated.length / 2, 'holds 3 frames of 8'],
    ['at the end of a frame', stated, 5 * FRAME_BYTES, 'holds 4 frames of 8'],
    ['by its last frame', stated, 8 * FRAME_BYTES, 'holds 7 frames of 8'],
    ['by its last byte', stated, stated.length - 1, 'holds 7 frames of 8'],
    ['behind the header of its first frame', stated, FRAME_BYTES + 4, 'holds 0 frames of 8'],
    ['and has a VBRI frame', vbri, vbri.length - 1, 'holds 7 frames of 8'],
    ['and states bytes alone', stating({ frames: null }), 1728, 'holds 1728 bytes of 3888'],
  ])('is refused with what it holds and what it states: %s', async (_, file, length, refusal) => {
    for (const partBytes of [length, 1000])
      await expect(samplesOf(file.subarray(0, length), partBytes)).rejects.toThrow(
        `damaged: the MP3 stream ${refusal}`,
      );
  });

  it('is refused with tags or a stream behind the cut', async () => {
    const cut = stated.subarray(0, 5 * FRAME_BYTES);
    for (const behind of [ape, id3v1, stated, made('mp3-mono-m48.mp3')])
      await expect(samplesOf(Buffer.concat([cut, behind]))).rejects.toThrow(
        'damaged: the MP3 stream holds 4 frames of 8',
      );
  });

  it.each([
    ['most of its last frame', 7 * FRAME_BYTES + 400, 'last frame: 400 bytes of 432'],
    ['little of its last frame', 7 * FRAME_BYTES + 4, 'last frame: 4 bytes of 432'],
    ['half a header', 7 * FRAME_BYTES + 2, 'last frame: 2 bytes of its header'],
  ])('is refused where nothing states a length, and it holds %s', async (_, length, refusal) => {
    await expect(samplesOf(unstated.subarray(0, length))).rejects.toThrow(
      `damaged: the MP3 stream breaks off in its ${refusal}`,
    );
  });

  it('is read where nothing states a length and the cut is between frames', async () => {
    const whole = await samplesOf(unstated);
    expect(await samplesOf(unstated.subarray(0, 7 * FRAME_BYTES))).toBe(whole * (7 / 8));
  });
});

describe('an MP3 file that is whole', () => {
  it.each([
    ['states no more than its bytes', stating({ frames: null })],
    ['states no more than its frames', stating({ bytes: null })],
    ['counts the frame of numbers among the frames', stating({ frames: 9 })],
    ['counts it, and states no bytes', stating({ frames: 9, bytes: null })],
    ['leaves it out of the bytes', stating({ bytes: 8 * FRAME_BYTES })],
    ['counts its tags among the bytes', stating({ bytes: stated.length + 128 })],
    ['states zeros, as a writer to a pipe does', stating({ frames: 0, bytes: 0 })],
    ['states less than it holds', stating({ frames: 7, bytes: 7 * FRAME_BYTES })],
    ['has a frame of numbers before its own', Buffer.concat([stated.subarray(0, 432), stated])],
    ['has an ID3v1 tag behind it', Buffer.concat([stated, id3v1])],
    ['has an APE and an ID3v1 tag behind it', Buffer.concat([stated, ape, id3v1])],
    ['has zeros behind it', Buffer.concat([stated, Buffer.alloc(10_000)])],
    ['has a byte of padding behind it', Buffer.concat([unstated, Buffer.from([0xff])])],
    ['holds more than it states behind it', Buffer.concat([stated, unstated])],
    [
      'goes on in part behind all that it states',
      Buffer.concat([stated, stated.subarray(432, 600)]),
    ],
  ])('is read: it %s', async (_, file) => {
    expect(await samplesOf(file)).toBeGreaterThanOrEqual(0.95 * 0.25 * 16_000);
    expect(await samplesOf(file, 1000)).toBe(await samplesOf(file));
  });

  it('is read at its rate, whatever frames its tags seem to hold', async () => {
    // The end of the one and the start of the other look like a frame at 48 kHz.
    const file = Buffer.concat([stated, ape, id3v1]);
    expect(await samplesOf(file)).toBe(await samplesOf(stated));
  });
});
