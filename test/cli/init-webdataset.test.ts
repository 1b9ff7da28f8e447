import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import { readClips } from '../../activities/ingest/read-clips';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { ced } from '../../cli/main';
import { noiseWav } from '../support/noise-wav';
import { HubServer } from '../support/hub-server';
import { tarBytes } from '../support/tar-bytes';
import {
  classesOf,
  folderWithCache,
  putFile,
  removeWithCache,
  toldByInit,
  type ToldByInit,
} from '../support/told-by-init';

describe('ced init of WebDataset shards', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-shards-');
  });
  afterEach(() => {
    delete process.env['HF_ENDPOINT'];
    removeWithCache(folder);
  });

  /** Clips `PREFIX0x` … of two classes by turns. @param label the side-car */
  const shard = (
    prefix: string,
    clips: number,
    label: (number: number) => { ending: string; content: string },
  ): Buffer =>
    tarBytes(
      Array.from({ length: clips }, (_, clip) => {
        const { ending, content } = label(clip % 2);
        return [
          { name: `./${prefix}${clip}x.wav`, content: noiseWav(`${prefix} ${clip}`) },
          { name: `./${prefix}${clip}x.${ending}`, content },
        ];
      }).flat(),
    );
  const cls = (number: number) => ({ ending: 'cls', content: String(number) });
  const json = (number: number) => ({ ending: 'json', content: `{"label": "class ${number}"}` });
  const put = (path: string, content: string | Buffer): void =>
    putFile(join(folder, path), content);
  const init = async (source: string, ...options: string[]): Promise<ToldByInit> =>
    await toldByInit(source, '--out', join(folder, 'project'), ...options);
  const classes = (): string[] => classesOf(join(folder, 'project'));

  it('names the numbers of .cls by the list beside them, and reads audio in place', async () => {
    put('set/train/0000.tar', shard('a', 12, cls));
    put('set/train/0001.tar', shard('b', 12, cls));
    put('set/test/0000.tar', shard('c', 4, cls));
    put('set/classnames.txt', 'dog\nrain on a roof\n');
    const { found, commands } = await init(join(folder, 'set'));
    expect(found).toMatchObject({ layout: 'WebDataset, 3 shards', clips: 28, classes: 2 });
    expect(found.splits).toMatchObject({ eval: 4 });
    expect(classes()).toEqual(['dog', 'rain on a roof']);
    expect(existsSync(join(folder, 'cache/datasets'))).toBe(false);
    const table = await readTables(folder, 'eval', 'project/eval.jsonl', {});
    expect(table.rejected).toEqual([]);
    expect(table.rows.map(({ clip, labels }) => [clip, labels])).toEqual(
      [0, 1, 2, 3].map((clip) => [
        `test/0000/c${clip}x`,
        [clip % 2 === 0 ? 'dog' : 'rain on a roof'],
      ]),
    );
    const vocabulary = ['dog', 'rain on a roof'].map((name) => ({ mid: '', name }));
    const listed = await listClips(table, { root: folder, vocabulary, sources: {} });
    const wanted = await decodeClip(() => [noiseWav('c 0')], 'wanted');
    for await (const { pcm } of readClips(listed.slice(0, 1), {})) expect(pcm).toEqual(wanted);
    // A clip is no file that ced tag could be given.
    expect(commands.at(-1)).toContain(join(folder, 'project/recording.wav'));
    const recording = readFileSync(join(folder, 'project/recording.wav'));
    expect(await decodeClip(() => [recording], 'written')).toEqual(wanted);
  });

  it.each([
    ['a shard', 'hf://datasets/org/sounds/data/train-0.tar', 'WebDataset, a shard', 12],
    ['a pattern', 'hf://datasets/org/sounds/data/train-{0..1}.tar', 'WebDataset, 2 shards', 24],
    ['a repository', 'hf://datasets/org/sounds', 'WebDataset, 3 shards', 30],
  ])('reads %s of the hub', async (_, address, layout, clips) => {
    const files = new Map<string, Uint8Array>([
      ['README.md', Buffer.from('# sounds')],
      ['data/test-0.tar', shard('c', 6, json)],
      ['data/train-0.tar', shard('a', 12, json)],
      ['data/train-1.tar', shard('b', 12, json)],
    ]);
    const hub = new HubServer('org/sounds', files);
    await hub.start();
    process.env['HF_ENDPOINT'] = hub.endpoint;
    try {
      const { found } = await init(address, '--allow-private-hosts');
      expect(found).toMatchObject({ layout, clips, classes: 2 });
      const options = ['--root', folder, '--allow-private-hosts', '--json'];
      const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      const checked = await ced(['corpus', join(folder, 'project/train.jsonl'), ...options]);
      write.mockRestore();
      expect(checked).toBe(0);
    } finally {
      hub.stop();
    }
  });

  it('says what an address holds that is no dataset', async () => {
    const hub = new HubServer('org/sounds', new Map([['README.md', Buffer.from('# none')]]));
    await hub.start();
    process.env['HF_ENDPOINT'] = hub.endpoint;
    try {
      await expect(init('hf://datasets/org/sounds', '--allow-private-hosts')).rejects.toThrow(
        /holds 1 file, and no Parquet or tar with audio among them/,
      );
      await expect(
        init('hf://datasets/org/sounds/train-*.tar', '--allow-private-hosts'),
      ).rejects.toThrow(/train-\*\.tar cannot be read: none of 1 file matches/);
    } finally {
      hub.stop();
    }
  });

  it('reads the samples of a shard that was gzipped or unpacked', async () => {
    put('shard.tar', shard('a', 12, json));
    execFileSync('gzip', ['--keep', join(folder, 'shard.tar')]);
    const { found } = await init(join(folder, 'shard.tar.gz'));
    expect(found).toMatchObject({
      layout: 'audio with labels in a .json or .cls beside each file, unpacked from shard.tar.gz',
      clips: 12,
      classes: 2,
    });
    expect(classes()).toEqual(['class 0', 'class 1']);
  });

  it.each(['tar.gz', 'tgz'])('reads shards that are each a .%s', async (ending) => {
    put(`set/train/0000.${ending}`, gzipSync(shard('a', 12, cls)));
    put(`set/train/0001.${ending}`, gzipSync(shard('b', 12, cls)));
    put(`set/test/0000.${ending}`, gzipSync(shard('c', 4, cls)));
    put('set/classnames.txt', 'dog\nrain on a roof\n');
    const { found } = await init(join(folder, 'set'));
    expect(found).toMatchObject({ layout: 'WebDataset, 3 shards, gzipped', clips: 28 });
    expect(found.splits).toMatchObject({ eval: 4 });
    expect(classes()).toEqual(['dog', 'rain on a roof']);
    const table = await readTables(folder, 'eval', 'project/eval.jsonl', {});
    expect(table.rejected).toEqual([]);
    expect(table.rows.map(({ clip }) => clip)).toContain('test/0000/c0x');
  });

  it('reads gzipped shards of the hub, each once', async () => {
    const files = new Map<string, Uint8Array>([
      ['data/test-0.tar.gz', gzipSync(shard('c', 6, json))],
      ['data/train-0.tar.gz', gzipSync(shard('a', 12, json))],
    ]);
    const hub = new HubServer('org/sounds', files);
    await hub.start();
    process.env['HF_ENDPOINT'] = hub.endpoint;
    try {
      for (let again = 0; again < 2; again++) {
        rmSync(join(folder, 'project'), { recursive: true, force: true });
        const { found } = await init('hf://datasets/org/sounds', '--allow-private-hosts');
        expect(found).toMatchObject({ layout: 'WebDataset, 2 shards, gzipped', clips: 18 });
      }
      for (const [name, bytes] of files) expect(hub.sent.get(name)).toBe(bytes.length);
    } finally {
      hub.stop();
    }
  });

  it('takes folders for classes where a .json beside audio names no labels', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 6; take++) {
        put(`pets/${name}/${name}${take}x.wav`, noiseWav(`${name} ${take}`));
        put(`pets/${name}/${name}${take}x.json`, '{"microphone": "near"}');
      }
    const { found } = await init(join(folder, 'pets'));
    expect(found).toMatchObject({ layout: 'a folder a class, 2 classes', clips: 12 });
  });

  it('lists once what is left out of a shard, however much it is', async () => {
    const audio = shard('a', 12, json);
    const alone = Array.from({ length: 50 }, (_, at) => ({ name: `z${at}.json`, content: '{}' }));
    put('shard.tar', Buffer.concat([audio.subarray(0, -1024), tarBytes(alone)]));
    const { notes } = await init(join(folder, 'shard.tar'));
    const about = notes.filter((note) => note.includes('no audio among its members'));
    expect(about).toEqual([
      expect.stringMatching(/^shard\.tar: 50 samples are left out, the first is z0: no audio/),
    ]);
  });

  it('rejects a row whose member is not there, and one that names none', async () => {
    put('shard.tar', shard('a', 2, json));
    put(
      'train.jsonl',
      [
        { clip: 'one', audio: 'shard.tar', member: './a0x.wav' },
        { clip: 'lost', audio: 'shard.tar', member: 'b.wav' },
        { clip: 'gone', audio: 'other.tar', member: 'b.wav' },
        { clip: 'whole', audio: 'shard.tar' },
        { clip: 'file', audio: 'a.wav', member: 'b.wav' },
      ]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const { rows, rejected } = await readTables(folder, 'train', 'train.jsonl', {});
    expect(rows.map(({ clip }) => clip)).toEqual(['one']);
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'unreadable row: member: expected for audio in a .tar file, and only there',
      'unreadable row: member: expected for audio in a .tar file, and only there',
      expect.stringMatching(/shard\.tar has no member b\.wav$/),
      expect.stringMatching(/^no such file: .*other\.tar$/),
    ]);
  });
});
