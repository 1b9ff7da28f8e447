import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcomeOf, wav, write } from './corpus-case';

/** Where the audio of a table is looked for. */
describe('a table', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-case-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  // T02
  describe("with paths relative to the folder that CED's scripts run in", () => {
    const name = 'data/balanced/--4gqARaEJE.wav';
    const elsewhere = tmpdir();
    beforeEach(() => write(folder, { [name]: wav, 'data/balanced.tsv': `filename\n${name}\n` }));

    it.each<[string, { root?: string; audioRoot?: string }]>([
      ['the folder above that the paths tell of', { root: elsewhere }],
      ["the run's root", {}],
    ])('is read from %s', async (_where, options) => {
      expect(await outcomeOf(folder, 'data/balanced.tsv', options)).toEqual({
        clips: { [name]: null },
      });
    });

    it('is read from audioRoot, wherever that is', async () => {
      write(folder, { 'lists/t.tsv': `filename\nbalanced/--4gqARaEJE.wav\n` });
      const options = { root: elsewhere, audioRoot: join(folder, 'data') };
      expect(await outcomeOf(folder, 'lists/t.tsv', options)).toEqual({
        clips: { 'balanced/--4gqARaEJE.wav': null },
      });
    });

    it('says where it looked', async () => {
      write(folder, { 'lists/t.tsv': 'filename\nbalanced/none.wav\n' });
      expect((await outcomeOf(folder, 'lists/t.tsv', { root: elsewhere })).rejected).toEqual({
        'balanced/none.wav':
          `no such file: lists/balanced/none.wav; looked in lists, ${elsewhere}; ` +
          'say where its paths start with corpus.audioRoot or --audio-root',
      });
    });
  });

  it('of equal names in two folders of two folders keeps every clip', async () => {
    const row = '{"clip": "c0", "audio": "c0.wav"}';
    for (const part of ['a', 'b', 'c'])
      write(folder, { [`${part}/t.jsonl`]: row, [`${part}/c0.wav`]: wav });
    const { clips: found, rejected } = await outcomeOf(folder, '{a,b,c}/t.jsonl');
    expect(Object.keys(found ?? {})).toEqual(['c0', 't.jsonl/c0', `${folder}/c/t.jsonl/c0`]);
    expect(rejected).toBeUndefined();
  });
});
