import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTables } from '../../activities/plan/read-table';
import { encodeHubParquet } from '../../tools/corpora/hub-parquet';
import { noiseWav } from '../support/noise-wav';
import { HubServer } from '../support/hub-server';
import { toldByInit, type ToldByInit } from '../support/told-by-init';

const names = ['dog', 'rain'];

describe('ced init of Parquet files', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-init-parquet-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const parquet = (prefix: string, clips: number, audio = prefix): Uint8Array =>
    encodeHubParquet(
      Array.from({ length: clips }, (_, row) => ({
        audio: { bytes: noiseWav(`${audio} ${row}`), path: `${prefix}${row}x.wav` },
        label: row % 2,
      })),
      { names, rowGroupSize: 4 },
    );
  const init = async (source: string, ...options: string[]): Promise<ToldByInit> =>
    await toldByInit(source, '--out', join(folder, 'project'), ...options);

  it('keeps the splits that names of files state, and draws the one that they lack', async () => {
    mkdirSync(join(folder, 'set/data'), { recursive: true });
    writeFileSync(join(folder, 'set/data/train-00000-of-00001.parquet'), parquet('a', 24));
    writeFileSync(join(folder, 'set/data/test-00000-of-00001.parquet'), parquet('b', 6));
    const { found, notes } = await init(join(folder, 'set'));
    expect(found).toMatchObject({
      layout: "2 Parquet files as Hugging Face's datasets writes them",
      clips: 30,
      classes: 2,
      splits: { eval: 6 },
    });
    expect(found.splits['validation']).toBeGreaterThan(0);
    expect(notes).toContain(
      'audio from column audio (by its type), labels from label (by its type, 2 classes)',
    );
    const { rows, rejected } = await readTables(folder, 'eval', 'project/eval.jsonl', {});
    expect(rejected).toEqual([]);
    expect(rows.map(({ clip, row, labels }) => [clip, row, labels])).toEqual(
      Array.from({ length: 6 }, (_, row) => [`b${row}x.wav`, row, [names[row % 2]]]),
    );
  });

  it.each([
    ['without a path', (): null => null],
    ['of one path', (): string => 'audio.wav'],
  ])('takes rows %s for recordings of their own', async (_, path) => {
    const encode = (name: string): Uint8Array =>
      encodeHubParquet(
        Array.from({ length: 8 }, (__, row) => ({
          audio: { bytes: noiseWav(`${name} ${row}`), path: path() },
          label: row % 2,
        })),
        { names },
      );
    mkdirSync(join(folder, 'set'));
    for (const name of ['a', 'b', 'c'])
      writeFileSync(join(folder, 'set', `${name}-train.parquet`), encode(name));
    const { found, notes } = await init(join(folder, 'set'));
    expect(found).toMatchObject({ clips: 24 });
    expect(found.splits['validation']).toBeGreaterThan(0);
    expect(found.splits['eval']).toBeGreaterThan(0);
    expect(notes.join('\n')).toMatch(
      /2[1-4] rows name no file of their own: each is taken for a recording/,
    );
  });

  it('gives every row its own id where shards of several folders have one name', async () => {
    for (const split of ['train', 'validation', 'test']) {
      mkdirSync(join(folder, 'set', split), { recursive: true });
      writeFileSync(join(folder, 'set', split, '0.parquet'), parquet('same', 4, split));
    }
    await init(join(folder, 'set'));
    const ids = ['train', 'validation', 'eval']
      .map((split) => join(folder, 'project', `${split}.jsonl`))
      .filter((table) => existsSync(table))
      .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { clip: string }).clip);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('validation/0/same0x.wav');
  });

  it('reads a gated dataset of the hub with HF_TOKEN, and writes it nowhere', async () => {
    const token = 'hf_planted-token';
    const files = new Map([['data/train-00000-of-00001.parquet', parquet('a', 24)]]);
    const hub = new HubServer('org/sounds', files, token);
    await hub.start();
    process.env['HF_ENDPOINT'] = hub.endpoint;
    const source = 'hf://datasets/org/sounds';
    try {
      await expect(init(source, '--allow-private-hosts')).rejects.toThrow(/set HF_TOKEN/);
      process.env['HF_TOKEN'] = token;
      const { found } = await init(source, '--allow-private-hosts');
      expect(found).toMatchObject({ clips: 24, classes: 2 });
      const written = ['train.jsonl', 'eval.jsonl', 'run.json', 'teach.json', 'README.md'].map(
        (name) => readFileSync(join(folder, 'project', name), 'utf8'),
      );
      expect(written[0]).toContain(`"audio":"${source}/data/train-00000-of-00001.parquet"`);
      expect(written.filter((text) => text.includes(token))).toEqual([]);
    } finally {
      delete process.env['HF_ENDPOINT'];
      delete process.env['HF_TOKEN'];
      hub.stop();
    }
  });

  it('names the folders where there are several datasets', async () => {
    for (const name of ['small', 'large']) {
      mkdirSync(join(folder, 'set', name), { recursive: true });
      writeFileSync(join(folder, 'set', name, 'train.parquet'), parquet(name, 4));
    }
    await expect(init(join(folder, 'set'))).rejects.toThrow(
      /holds several datasets, in the folders large, small; name one of them: ced init .*\/large/,
    );
  });
});
