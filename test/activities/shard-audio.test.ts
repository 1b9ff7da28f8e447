import { createHash } from 'node:crypto';
import { ShardAudio } from '../../activities/ingest/shard-audio';

const clip = (bytes: number, first: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (first + at) % 251);
const hashOf = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

describe('the samples of a shard', () => {
  const clips = [clip(2 ** 24 - 6, 1), clip(4, 2), clip(320_000, 3), clip(0, 4), clip(2 ** 24, 5)];

  it('lie end to end across the pieces of memory that hold them', () => {
    const audio = new ShardAudio();
    for (const each of clips) audio.append(each);
    expect(audio.length).toBe(clips.reduce((sum, { length }) => sum + length, 0) / 2);
    expect(hashOf(audio.parts())).toBe(hashOf(clips));
    audio.release();
  });

  it("are the shard's alone in reused memory, while another shard is made beside it", () => {
    const first = new ShardAudio();
    for (const each of clips) first.append(each);
    first.release();
    const [second, third] = [new ShardAudio(), new ShardAudio()];
    for (const each of clips.slice(1, 4)) {
      second.append(each);
      third.append(each.map((byte) => byte + 1));
    }
    expect(hashOf(second.parts())).toBe(hashOf(clips.slice(1, 4)));
    expect(hashOf(third.parts())).toBe(
      hashOf(clips.slice(1, 4).map((each) => each.map((byte) => byte + 1))),
    );
    second.release();
    expect(second.parts()).toEqual([]);
    third.release();
  });
});
