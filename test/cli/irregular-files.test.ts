import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { filesBelow, TAR } from '../../cli/corpus/datasets/table-places';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { openSource } from '../../storage/sources/open-source';
import { readSource } from '../../storage/sources/source';
import { catchOutput } from '../support/caught-output';
import { noiseWav } from '../support/noise-wav';
import { writeReferenceModel } from '../support/tagged-model';
import { tarBytes } from '../support/tar-bytes';
import { folderWithCache, putFile, removeWithCache, toldByInit } from '../support/told-by-init';

// To open a pipe that nobody writes to waits for ever: a test of these that fails may hang.
describe('names that are no files', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-irregular-');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    removeWithCache(folder);
  });

  const at = (path: string): string => join(folder, path);
  const pipe = (path: string): void => void execFileSync('mkfifo', [at(path)]);
  const putClips = (): void => {
    for (const path of ['cat/na.wav', 'cat/nb.wav', 'dog/nc.wav', 'dog/nd.wav'])
      putFile(at(`set/${path}`), noiseWav(path));
  };
  const complaint = async (...argv: string[]): Promise<string> =>
    await ced(argv).then(() => 'none', describeFailure);

  it('are left out by ced init, which says what they are', async () => {
    putClips();
    pipe('set/dog/pipe.wav');
    symlinkSync('nowhere.wav', at('set/cat/link.wav'));
    symlinkSync('/dev/zero', at('set/cat/zero.wav'));
    const server = createServer().listen(at('set/cat/socket.wav'));
    await once(server, 'listening');
    // names that ced init reads: a table, a side-car, a class list, lists of splits, an archive
    for (const name of ['meta.csv', 'dog/nc.json', 'labels.csv', 'more.zip']) pipe(`set/${name}`);
    for (const name of ['validation_list.txt', 'testing_list.txt']) pipe(`set/${name}`);
    try {
      const { found, notes } = await toldByInit(at('set'), '--out', at('project'));
      expect(found).toMatchObject({ layout: 'a folder a class, 2 classes', clips: 4 });
      const told = notes.find((note) => /no files/.test(note));
      expect(told).toBe(
        '10 names are no files and are left out: cat/link.wav (a link that leads nowhere), ' +
          'cat/socket.wav (a socket), cat/zero.wav (a device), dog/nc.json (a named pipe), ' +
          'dog/pipe.wav (a named pipe) …',
      );
      expect(notes.join('\n')).not.toMatch(/no audio by/);
    } finally {
      server.close();
    }
  });

  it('are named where ced init is given one, or finds nothing else', async () => {
    pipe('clip.wav');
    pipe('set.zip');
    symlinkSync('nowhere', at('link'));
    const refused = async (name: string): Promise<string> =>
      await complaint('init', at(name), '--out', at('project'));
    expect(await refused('clip.wav')).toMatch(/clip\.wav is a named pipe; expected a folder, a/);
    expect(await refused('set.zip')).toMatch(/set\.zip is a named pipe; expected a folder, a file/);
    expect(await refused('link')).toMatch(/link is a link that leads nowhere$/);
    putFile(at('empty/notes.md'), 'nothing');
    pipe('empty/shard.tar');
    expect(await refused('empty')).toMatch(
      /empty\/shard\.tar is a named pipe; write what it gives/,
    );
  });

  it('are refused as tables, and reject the rows that name them', async () => {
    for (const ending of ['csv', 'jsonl', 'parquet', 'tar', 'csv.gz']) {
      pipe(`table.${ending}`);
      expect(await complaint('corpus', at(`table.${ending}`))).toMatch(
        new RegExp(`corpus\\.train: .*table\\.${ending} is a named pipe; write what it gives`),
      );
    }
    pipe('clip.wav');
    symlinkSync('nowhere.wav', at('link.wav'));
    const rows = ['clip.wav', 'link.wav', '/dev/zero'].map((audio) =>
      JSON.stringify({ clip: audio, audio }),
    );
    writeFileSync(at('t.jsonl'), rows.join('\n'));
    const printed = catchOutput('stdout');
    expect(await ced(['corpus', at('t.jsonl'), '--json'])).toBe(1);
    expect(printed.text).toContain('clip.wav is a named pipe; write what it gives into a file');
    expect(printed.text).toContain('link.wav is a link that leads nowhere; put back the file');
    expect(printed.text).toContain('/dev/zero is a device; write what it gives into a file');
  });

  it('are refused in the folder of a model, whatever they are called', async () => {
    for (const file of ['config.json', 'model.safetensors', 'thresholds.json']) {
      const model = writeReferenceModel(at(`model of ${file}`));
      rmSync(join(model, file), { force: true });
      pipe(`model of ${file}/${file}`);
      expect(await complaint('tag', '-', '--stream', '--model', model)).toMatch(
        new RegExp(`/${file} is a named pipe; write what it gives into a file$`),
      );
    }
    putFile(at('run/README.md'), 'no run');
    pipe('run/result.json');
    expect(await complaint('tag', '-', '--model', at('run'))).toMatch(
      /run\/config\.json cannot be read \(ENOENT\): expected a folder with model\.safetensors/,
    );
  });

  it('are left out beside shards that are files', async () => {
    putFile(at('set/shard-0.tar'), tarBytes([{ name: 'a.wav', content: noiseWav('a') }]));
    pipe('set/shard-1.tar');
    mkdirSync(at('set/shard-2.tar'));
    expect(await filesBelow(at('set'), TAR)).toEqual([at('set/shard-0.tar')]);
    expect(await filesBelow(at('set'), /nothing/)).toEqual([]);
    pipe('packed.tar.gz');
    await expect(filesBelow(folder, /\.tar\.gz$/)).rejects.toThrow(
      /packed\.tar\.gz is a named pipe; write what it gives into a file$/,
    );
  });

  it('are not opened where one takes the place of a file after it was looked up', async () => {
    pipe('clip.wav');
    await expect(readSource(openSource(at('clip.wav')), 100)).rejects.toThrow(
      /^not a file: .*clip\.wav is a named pipe; write what it gives into a file$/,
    );
    await expect(openSource(at('clip.wav')).describe()).rejects.toThrow(/is a named pipe/);
  });
});
