import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOntology } from '../../cli/corpus/datasets/ontology';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import { folderWithCache, initIn, removeWithCache } from '../support/told-by-init';

describe('ced init of published datasets', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-sets-');
  });
  afterEach(() => removeWithCache(folder));

  const { putAudio, putText, init, read, rows } = initIn(() => folder);

  it('recognizes ESC-50, with its folds and recordings', async () => {
    const lines = ['filename,fold,target,category,esc10,src_file,take'];
    for (let fold = 1; fold <= 5; fold++)
      for (const [target, category] of ['dog', 'rain'].entries()) {
        const file = `${fold}-${fold}00${target}-A-${target}.wav`;
        putAudio(`ESC-50/audio/${file}`);
        lines.push(`${file},${fold},${target},${category},True,${fold}00${target},A`);
      }
    putText('ESC-50/meta/esc50.csv', lines.join('\n'));
    const { found } = await init('ESC-50');
    expect(found).toMatchObject({ layout: 'ESC-50, with its folds', clips: 10, classes: 2 });
    expect(found.splits).toEqual({ train: 6, validation: 2, eval: 2 });
    expect(rows('eval').every(({ clip }) => clip.startsWith('5-'))).toBe(true);
  });

  it('recognizes FSD50K, with names and MIDs from its vocabulary', async () => {
    putText(
      'F/FSD50K.ground_truth/vocabulary.csv',
      '0,Bark,/m/05tny_\n1,Chatter_and_babble,/m/07rkbfh\n',
    );
    const dev = [0, 1, 2, 3].map(
      (clip) =>
        `${clip},"Bark,Chatter_and_babble","/m/05tny_,/m/07rkbfh",${clip < 3 ? 'train' : 'val'}`,
    );
    putText('F/FSD50K.ground_truth/dev.csv', ['fname,labels,mids,split', ...dev].join('\n'));
    putText('F/FSD50K.ground_truth/eval.csv', 'fname,labels,mids\n9,Bark,/m/05tny_\n');
    for (const clip of [0, 1, 2, 3]) putAudio(`F/FSD50K.dev_audio/${clip}.wav`);
    putAudio('F/FSD50K.eval_audio/9.wav');
    const { found } = await init('F');
    expect(found).toMatchObject({ layout: 'FSD50K, with its dev and eval sets', classes: 2 });
    expect(found.splits).toEqual({ train: 3, validation: 1, eval: 1 });
    expect(parseVocabularyCsv(read('labels.csv'))[0]).toEqual({ mid: '/m/05tny_', name: 'Bark' });
    expect(rows('train')[0]?.labels).toEqual(['Bark', 'Chatter_and_babble']);
  });

  it('recognizes UrbanSound8K, whose clips lie in folders of folds', async () => {
    const lines = ['slice_file_name,fsID,start,end,salience,fold,classID,class'];
    for (let fold = 1; fold <= 10; fold++) {
      putAudio(`U/audio/fold${fold}/${fold}00-3-0-0.wav`);
      lines.push(`${fold}00-3-0-0.wav,${fold}00,58.5,59.5,1,${fold},3,dog_bark`);
    }
    putText('U/metadata/UrbanSound8K.csv', lines.join('\n'));
    const { found } = await init('U');
    expect(found).toMatchObject({ layout: 'UrbanSound8K, with its folds', clips: 10, classes: 1 });
    expect(found.splits).toEqual({ train: 8, validation: 1, eval: 1 });
  });

  it('recognizes Speech Commands by its lists', async () => {
    for (const word of ['yes', 'no'])
      for (const speaker of ['0a7c2a8d', '1b2c3d4e', '2c3d4e5f'])
        putAudio(`S/${word}/${speaker}_nohash_0.wav`);
    putAudio('S/_background_noise_/hum.wav');
    putText('S/validation_list.txt', 'yes/1b2c3d4e_nohash_0.wav\nno/1b2c3d4e_nohash_0.wav\n');
    putText('S/testing_list.txt', 'yes/2c3d4e5f_nohash_0.wav\nno/2c3d4e5f_nohash_0.wav\n');
    const { found, notes } = await init('S');
    expect(found.splits).toEqual({ train: 2, validation: 2, eval: 2 });
    expect(found.classes).toBe(2);
    expect(notes.join()).toContain('_background_noise_');
  });

  it("names AudioSet's classes by its ontology where there is no class list", async () => {
    putText('A/ontology.json', JSON.stringify([{ id: '/m/04rlf', name: 'Music', child_ids: [] }]));
    for (const [table, video] of [
      ['balanced_train_segments', 'aaaaaaaaaaa'],
      ['eval_segments', 'bbbbbbbbbbb'],
    ]) {
      const header = '# YTID, start_seconds, end_seconds, positive_labels';
      putText(`A/${table}.csv`, `${header}\n${video}, 30.000, 40.000, "/m/04rlf"\n`);
      putAudio(`A/audio/Y${video}.wav`);
    }
    const { found } = await init('A');
    expect(found).toMatchObject({ layout: "AudioSet's segments", clips: 2 });
    expect(found.splits).toEqual({ train: 1, validation: 0, eval: 1 });
    expect(parseVocabularyCsv(read('labels.csv'))).toEqual([{ mid: '/m/04rlf', name: 'Music' }]);
  });

  it("cuts AudioSet's segments out of files that are longer", async () => {
    const putSeconds = (video: string, seconds: number): void => {
      mkdirSync(join(folder, 'A/audio'), { recursive: true });
      writeFileSync(join(folder, `A/audio/Y${video}.wav`), noiseWav(video, seconds));
    };
    const header = '# YTID, start_seconds, end_seconds, positive_labels';
    const row = (video: string, start: string, end: string, mid: string): string =>
      `${video}, ${start}, ${end}, "${mid}"`;
    const train = [
      row('long0000000', '1.000', '3.000', '/m/a'),
      row('long0000000', '4.000', '6.000', '/m/b'),
      row('cut00000000', '1.000', '3.000', '/m/a'),
      row('ends0000000', '7.000', '9.000', '/m/b'),
    ];
    putText('A/balanced_train_segments.csv', [header, ...train].join('\n'));
    const held = row('held0000000', '30.000', '32.000', '/m/a');
    putText('A/eval_segments.csv', [header, held].join('\n'));
    putSeconds('long0000000', 8);
    putSeconds('cut00000000', 3.4);
    putSeconds('ends0000000', 4);
    putSeconds('held0000000', 2);
    const { found, notes } = await init('A');
    expect(found).toMatchObject({ clips: 5 });
    const segments = ['train', 'validation', 'eval']
      .filter((split) => existsSync(join(folder, 'project', `${split}.jsonl`)))
      .flatMap((split) => rows(split) as { audio: string; start?: number; end?: number }[])
      .map(({ audio, start, end }) => [audio.slice(-15, -11), start, end])
      .sort();
    expect(segments).toEqual([
      ['cut0', undefined, undefined],
      ['ends', undefined, undefined],
      ['held', undefined, undefined],
      ['long', 1, 3],
      ['long', 4, 6],
    ]);
    const told = notes.join('\n');
    expect(told).toMatch(/balanced_train_segments\.csv: 2 clips are cut out of files that are lo/);
    expect(told).toMatch(/1 file is longer than the segment, but ends before it, .* ends0000000/);
  });

  const putHierarchy = (): void => {
    const node = (id: string, name: string, children: string[], restrictions: string[] = []) => ({
      ...{ id, name, child_ids: children, restrictions },
    });
    putText(
      'A/ontology.json',
      JSON.stringify([
        node('/m/root', 'Animal sounds', ['/m/pets'], ['abstract']),
        node('/m/pets', 'Pets', ['/m/dog', '/m/cat']),
        node('/m/dog', 'Dog', ['/m/bark']),
        node('/m/bark', 'Bark', []),
        node('/m/cat', 'Cat', ['/m/hiss']),
        node('/m/snake', 'Snake', ['/m/hiss']),
        node('/m/hiss', 'Hiss', []),
      ]),
    );
    const segments = ['/m/bark', '/m/hiss', '/m/dog,/m/pets'].map((mids, video) => {
      putAudio(`A/audio/Yvideo${video}abcd.wav`);
      return `video${video}abcd, 30.000, 40.000, "${mids}"`;
    });
    const header = '# YTID, start_seconds, end_seconds, positive_labels';
    putText('A/balanced_train_segments.csv', [header, ...segments].join('\n'));
  };
  const labelsOf = (): (string[] | undefined)[] =>
    ['train', 'validation', 'eval']
      .filter((split) => existsSync(join(folder, 'project', `${split}.jsonl`)))
      .flatMap(rows)
      .sort((a, b) => (a.clip < b.clip ? -1 : 1))
      .map(({ labels }) => labels);

  it('adds the parents that an ontology beside the tables states, and says so first', async () => {
    putHierarchy();
    const { found, notes } = await init('A');
    // Hiss is of a cat or of a snake; a class that is abstract labels no clip.
    expect(labelsOf()).toEqual([['Bark', 'Dog', 'Pets'], ['Hiss'], ['Dog', 'Pets']]);
    expect(found.classes).toBe(4);
    expect(notes.join('\n')).toMatch(
      /ontology\.json: parent classes were added to .* 1 of 3 clips, for example Bark: Dog, Pets/,
    );
  });

  it('adds no parent that the class list lacks', async () => {
    putHierarchy();
    putText(
      'A/class_labels_indices.csv',
      'index,mid,display_name\n0,/m/bark,Bark\n1,/m/pets,Pets\n2,/m/hiss,Hiss\n3,/m/dog2,Cow\n',
    );
    await init('A');
    expect(labelsOf()[0]).toEqual(['Bark', 'Pets']);
  });

  it('keeps the published labels when asked, and says what an ontology would add', async () => {
    putHierarchy();
    const { notes } = await init('A', '--parents', 'keep');
    expect(labelsOf()).toEqual([['Bark'], ['Hiss'], ['Dog', 'Pets']]);
    expect(notes.join('\n')).toMatch(/labels are kept as published .* 1 of 3 clips/);
  });

  it('refuses to add parents where no ontology lies beside the tables', async () => {
    for (const name of ['dog', 'cat']) putAudio(`pets/${name}/${name}.wav`);
    await expect(init('pets', '--parents', 'add')).rejects.toThrow(
      /--parents add needs AudioSet's ontology\.json beside the tables/,
    );
  });

  it('follows a circle of parents once', () => {
    const ontology = parseOntology(
      JSON.stringify([
        { id: 'a', name: 'A', child_ids: ['b'] },
        { id: 'b', name: 'B', child_ids: ['a', 'b', 'c'] },
        { id: 'c', name: 'C' },
      ]),
    );
    expect(ontology?.ancestorsOf('c')).toEqual(['b', 'a']);
  });

  it("recognizes AST's recipes beside the folder of their audio", async () => {
    putText(
      'R/class_labels_indices.csv',
      'index,mid,display_name\n0,/m/1,"Dog, small"\n1,/m/2,Cat\n',
    );
    for (const split of ['train', 'eval']) {
      putAudio(`R/audio/${split}.wav`);
      const data = [{ wav: join(folder, `R/audio/${split}.wav`), labels: '/m/1,/m/2' }];
      putText(`R/datafiles/${split}_data.json`, JSON.stringify({ data }));
    }
    const { found } = await init('R');
    expect(found).toMatchObject({ layout: 'a recipe of AST or PaSST', clips: 2, classes: 2 });
    expect(found.splits).toMatchObject({ train: 1, eval: 1 });
    expect(rows('eval')[0]?.labels).toEqual(['Dog, small', 'Cat']);
  });

  it('recognizes WebDataset shards, and draws splits across them', async () => {
    const pack = (shard: string, takes: readonly number[]): void => {
      const entries = takes.flatMap((take) => {
        putAudio('one.wav', `clip ${take}`);
        const content = readFileSync(join(folder, 'one.wav'));
        return [
          { name: `clip${take}x.wav`, content },
          { name: `clip${take}x.json`, content: JSON.stringify({ label: `class${take % 2}` }) },
        ];
      });
      mkdirSync(join(folder, 'W'), { recursive: true });
      writeFileSync(join(folder, 'W', shard), tarBytes(entries));
    };
    pack('shard-0.tar', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    pack('shard-1.tar', [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    const { found } = await init('W');
    expect(found).toMatchObject({ layout: 'WebDataset, 2 shards', clips: 20, classes: 2 });
    expect(found.splits['train']).toBeLessThan(20);
    expect(existsSync(rows('eval')[0]!.audio)).toBe(true);
  });
});
