import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ced } from '../../cli/main';
import { encodeWav } from '../../ced/audio/wav-file';
import { philox, streamKey } from '../../ced/augment/random';
import { folderWithCache, initIn, removeWithCache } from '../support/told-by-init';

describe('ced init of recordings with several channels', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-channels-');
  });
  afterEach(() => removeWithCache(folder));

  const { putAudio, init, read } = initIn(() => folder);

  /** A second of noise in every channel, by its gain. */
  const putChannels = (path: string, gains: readonly number[]): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    const key = streamKey('noise', path);
    const pcm = Int16Array.from({ length: 16_000 * gains.length }, (_, at) => {
      const frame = Math.floor(at / gains.length);
      return gains[at % gains.length]! * (philox(key, [frame, 0, 0, 0])[0] >> 18);
    });
    const wav = encodeWav(pcm, { rate: 16_000, channels: gains.length });
    writeFileSync(join(folder, path), wav);
  };

  it.each([
    ['whose channels cancel', [1, -1], [], 'loudest', /the channels of 6 clips cancel in their me/],
    [
      'of two channels',
      [1, 1],
      [],
      'mix',
      /6 of 12 clips looked at have several channels, up to 2/,
    ],
    ['of many channels', [1, 1, 1, 1, 1, 1, 1, 1], [], 'mix', /up to 8;.*--channels first/],
    ['whose channels are asked for', [1, -1], ['--channels', 'first'], 'first', /as asked/],
    ['of one channel', [1], [], undefined, null],
  ] as const)('decides the channels of recordings %s', async (_, gains, options, chosen, why) => {
    for (let take = 0; take < 6; take++) {
      putChannels(`pets/dog/dog${take}x.wav`, gains);
      putAudio(`pets/cat/cat${take}x.wav`);
    }
    type Run = { corpus: { channels?: string } };
    const { found, commands, reasons } = await init('pets', ...options);
    expect(found.clips).toBe(12);
    for (const file of ['run.json', 'teach.json'])
      expect((JSON.parse(read(file)) as Run).corpus.channels).toBe(chosen);
    const reason = reasons.find((each) => each.startsWith('channels'));
    if (why === null) expect(reason).toBeUndefined();
    else expect(reason).toMatch(why);
    const isOne = chosen === 'first' || chosen === 'loudest';
    expect(commands.at(-1)!.endsWith(` --channels ${chosen}`)).toBe(isOne);
  });

  it('writes the channels into the command that checks the tables', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 6; take++) putChannels(`pets/${name}/${name}${take}x.wav`, [1, -1]);
    const { check } = await init('pets');
    expect(check).toMatch(/^npx ced corpus train=.*train\.jsonl .*eval\.jsonl --channels loudest$/);
    expect(read('README.md')).toContain(`\n    ${check}\n`);
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      expect(await ced(check.split(' ').slice(2))).toBe(0);
      expect(await ced(check.split(' ').slice(2, -2))).toBe(1);
    } finally {
      write.mockRestore();
    }
  });

  it('takes the loudest channel where those of every recording cancel', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 6; take++) putChannels(`pets/${name}/${name}${take}x.wav`, [1, -1]);
    const { found, notes } = await init('pets');
    expect(found.clips).toBe(12);
    expect(notes.join('\n')).not.toMatch(/left out/);
  });
});
