import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOntology } from '../../cli/corpus/datasets/ontology';
import { unpack } from '../../cli/corpus/datasets/unpack';
import { ced } from '../../cli/main';
import { frameCount } from '../../ced/audio/frames';
import { encodeWav } from '../../ced/audio/wav-file';
import { philox, streamKey } from '../../ced/augment/random';
import { modelConfigSchema } from '../../ced/model/config';
import { parameterCount } from '../../ced/model/parameters';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { repositoryRoot } from '../../infra/toolchain';
import { modelConfig } from '../../jobs/train/model-shape';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import { putFile, toldByInit, type ToldByInit } from '../support/told-by-init';
import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';

describe('ced init', () => {
  let folder: string;
  let cache: string | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-init-'));
    cache = process.env['CED_CACHE'];
    process.env['CED_CACHE'] = join(folder, 'cache');
  });
  afterEach(() => {
    if (cache === undefined) delete process.env['CED_CACHE'];
    else process.env['CED_CACHE'] = cache;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A second of noise that differs from file to file. */
  const putAudio = (path: string, content = path): void => {
    const key = streamKey('noise', content);
    const pcm = Int16Array.from({ length: 16_000 }, (_, at) => philox(key, [at, 0, 0, 0])[0] >> 18);
    putFile(join(folder, path), encodeWav(pcm));
  };
  const putText = (path: string, text: string): void => putFile(join(folder, path), text);
  const init = async (source: string, ...options: string[]): Promise<ToldByInit> =>
    await toldByInit(join(folder, source), '--out', join(folder, 'project'), ...options);
  const read = (file: string): string => readFileSync(join(folder, 'project', file), 'utf8');
  const rows = (split: string): { clip: string; audio: string; labels?: string[] }[] =>
    read(`${split}.jsonl`)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { clip: string; audio: string; labels?: string[] });

  it('writes tables, a class list, run files that are valid, and a README', async () => {
    for (const name of ['dog', 'cat', 'bird'])
      for (let take = 0; take < 8; take++) putAudio(`pets/${name}/recording ${name}${take}x.wav`);
    const { found } = await init('pets');
    expect(found).toMatchObject({ layout: 'a folder a class, 3 classes', clips: 24, classes: 3 });
    expect(parseVocabularyCsv(read('labels.csv')).map(({ name }) => name)).toEqual([
      'bird',
      'cat',
      'dog',
    ]);
    const run = distillRunSchema.parse(JSON.parse(read('run.json')));
    const teach = teachRunSchema.parse(JSON.parse(read('teach.json')));
    expect(run.teachers).toHaveLength(teach.teachers.length);
    for (const { warmupSteps, epochs } of run.students)
      expect(warmupSteps).toBeLessThanOrEqual((epochs * 3) / 10);
    for (const split of ['train', 'validation', 'eval'] as const)
      for (const { audio, labels } of rows(split)) {
        expect(existsSync(audio)).toBe(true);
        expect(audio).toContain(`/${labels?.[0]}/`);
      }
    expect(read('README.md')).toContain('npm start -- --run');
  });

  it('keeps pieces of one recording, and equal files, in one split', async () => {
    for (const name of ['a', 'b'])
      for (let recording = 0; recording < 6; recording++)
        for (let piece = 0; piece < 3; piece++)
          putAudio(`pets/${name}/tape${name}${recording}x_${piece}.wav`);
    putAudio('pets/a/copy.wav', 'pets/b/tapeb0x_0.wav');
    await init('pets');
    const splitOf = new Map<string, string>();
    for (const split of ['train', 'validation', 'eval'])
      for (const { clip } of rows(split)) {
        const recording = clip === 'a/copy.wav' ? 'b/tapeb0x' : clip.replace(/_\d\.wav$/, '');
        expect(splitOf.get(recording) ?? split).toBe(split);
        splitOf.set(recording, split);
      }
    expect(new Set(splitOf.values()).size).toBe(3);
  });

  it('draws the same splits again, and other ones from another seed', async () => {
    for (const name of ['a', 'b'])
      for (let take = 0; take < 20; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const drawn: string[] = [];
    for (const seed of ['1', '1', '2']) {
      await init('pets', '--seed', seed);
      drawn.push(read('eval.jsonl'));
      rmSync(join(folder, 'project'), { recursive: true });
    }
    expect(drawn[0]).toBe(drawn[1]);
    expect(drawn[0]).not.toBe(drawn[2]);
  });

  it('leaves out training clips whose audio a stated split holds out, and says so', async () => {
    for (const split of ['train', 'valid', 'test'])
      for (const name of ['a', 'b'])
        for (let take = 0; take < 3; take++) putAudio(`pets/${split}/${name}/${split}${take}x.wav`);
    putAudio('pets/train/a/leak.wav', 'pets/test/a/test0x.wav');
    const { found, notes } = await init('pets');
    expect(found.splits).toEqual({ train: 6, validation: 6, eval: 6 });
    expect(notes[0]).toMatch(/^1 training clip holds the same audio .*train\/a\/leak\.wav/);
  });

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
      lines.push(`${fold}00-3-0-0.wav,${fold}00,0.0,1.0,1,${fold},3,dog_bark`);
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

  it('puts every class into every split where files are only numbered, and says so', async () => {
    for (const name of ['bell', 'drum'])
      for (let take = 1; take <= 12; take++) putAudio(`pets/${name}/${name} ${take}.wav`);
    const { notes } = await init('pets');
    for (const split of ['train', 'validation', 'eval'])
      expect(new Set(rows(split).flatMap(({ labels }) => labels ?? []))).toEqual(
        new Set(['bell', 'drum']),
      );
    expect(notes.join('\n')).toMatch(/24 clips differ from others only in a number/);
  });

  it('holds out two clips of every class that has twelve', async () => {
    for (const name of ['bell', 'drum', 'horn'])
      for (let take = 1; take <= 12; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    await init('pets');
    for (const split of ['validation', 'eval'])
      for (const name of ['bell', 'drum', 'horn'])
        expect(rows(split).filter(({ labels }) => labels?.[0] === name)).toHaveLength(2);
  });

  it('refuses a name that a run file would not take', async () => {
    putAudio('pets/bell/ring.wav');
    for (const name of ['../x', 'UPPER', 'x y'])
      await expect(init('pets', '--name', name)).rejects.toThrow(
        `--name ${name}: expected 1 to 40 of a-z, 0-9 and -`,
      );
  });

  it.each<[string, (take: number) => string]>([
    ['numbered behind a word', (take) => `take ${take}`],
    ['numbers', (take) => String(take)],
    ['numbered without a separator', (take) => `t${take}`],
    ['words', (take) => ['dawn', 'dusk', 'noon', 'rain', 'snow', 'wind'][take - 1]!],
    ['in folders of their own', (take) => `part ${take}/sound`],
  ])('takes the folders of a class for its recordings where files are %s', async (_, named) => {
    for (const name of ['bell', 'drum'])
      for (const day of ['mon', 'tue'])
        for (let take = 1; take <= 6; take++) putAudio(`pets/${name}/${day}/${named(take)}.wav`);
    await init('pets');
    const splitOf = new Map<string, string>();
    for (const split of ['train', 'validation', 'eval'])
      if (existsSync(join(folder, 'project', `${split}.jsonl`)))
        for (const { clip } of rows(split)) {
          const day = clip.split('/').slice(0, 2).join('/');
          expect(splitOf.get(day) ?? split).toBe(split);
          splitOf.set(day, split);
        }
    expect(splitOf.size).toBe(4);
  });

  it('keeps the same audio in one split though its files differ, and says so first', async () => {
    for (const name of ['a', 'b'])
      for (let take = 0; take < 20; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const copies = ['pets/a/copyx.wav', 'pets/b/othery.wav'];
    for (const copy of copies) {
      putAudio(copy, 'pets/a/a3x.wav');
      appendFileSync(join(folder, copy), Buffer.from('LIST\x04\0\0\0INFO', 'latin1'));
    }
    const { notes } = await init('pets');
    const splits = ['train', 'validation', 'eval'].filter((split) =>
      rows(split).some(({ clip }) => /a3x|copyx|othery/.test(clip)),
    );
    expect(splits).toHaveLength(1);
    expect(notes[0]).toMatch(/^2 clips hold the same audio as another; .*copyx\.wav = a\/a3x\.wav/);
  });

  it('leaves out clips that a run would reject, and names what is not audio', async () => {
    for (const name of ['a', 'b'])
      for (let take = 0; take < 6; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    putText('pets/a/broken.wav', 'no audio at all');
    putText('pets/b/shopping.txt', 'milk');
    const { found, notes } = await init('pets');
    expect(found.clips).toBe(12);
    expect(notes.join('\n')).toMatch(/1 of 13 clips .* left out, for example a\/broken\.wav/);
    expect(notes.join('\n')).toMatch(/1 file is left out: no audio by its name, .*shopping\.txt/);
  });

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

  it('names the inner folders where every class holds its audio in folders', async () => {
    for (const place of ['animals/dog/s1', 'animals/cat/s1', 'vehicles/car/s1'])
      for (let take = 0; take < 4; take++) putAudio(`set/${place}/${take}.wav`);
    const { found, notes } = await init('set');
    expect(found.classes).toBe(2);
    expect(notes.join('\n')).toMatch(
      /12 files lie deeper .*: animals \(cat, dog\), vehicles \(car\); if those are the classes, /,
    );
  });

  it('takes the loudest channel where those of every recording cancel', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 6; take++) putChannels(`pets/${name}/${name}${take}x.wav`, [1, -1]);
    const { found, notes } = await init('pets');
    expect(found.clips).toBe(12);
    expect(notes.join('\n')).not.toMatch(/left out/);
  });

  it('writes commands that a shell reads as they are, from any folder', async () => {
    for (const name of ["dog's", 'Kühe #1'])
      for (let take = 0; take < 8; take++) putAudio(`my pets/${name}/rec ${take}x.wav`);
    const { commands } = await toldByInit(
      join(folder, 'my pets'),
      ...['--out', join(folder, 'my project'), '--minutes', '0.5'],
    );
    const words = execFileSync('sh', ['-c', `set -- ${commands.at(-1)}; printf '%s\\n' "$@"`], {
      encoding: 'utf8',
    }).split('\n');
    expect(words.slice(0, 3)).toEqual(['npx', 'ced', 'tag']);
    expect(existsSync(words[3]!)).toBe(true);
    expect(words[5]).toBe(join(folder, 'my project/store/runs/my-pets'));
    const readme = readFileSync(join(folder, 'my project/README.md'), 'utf8');
    expect(readme).toContain(`    cd ${repositoryRoot}\n    npm run teach -- --run '`);
  });

  it('chooses a place beside a dataset that has the name of the project', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 4; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { folder: project, commands } = await toldByInit('pets');
      expect(project).toBe(join(process.cwd(), 'pets-project'));
      expect(commands[0]).toBe(`cd ${repositoryRoot}`);
    } finally {
      process.chdir(before);
    }
  });

  it('says so where the fewest epochs take longer than --minutes, and how long', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 8; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const told = async (minutes: string): Promise<string> => {
      rmSync(join(folder, 'project'), { recursive: true, force: true });
      return (await init('pets', '--minutes', minutes)).reasons.join('\n');
    };
    expect(await told('30')).not.toContain('--minutes');
    const short = await told('0.00001');
    expect(short).toMatch(/^epochs 4 of the student are 4 steps: the fewest that are trained\.$/m);
    expect(short).toMatch(
      /^--minutes 0\.00001 is less than 4 epochs of every model take, .*: (under )?\d+ s\.$/m,
    );
  });

  it('fits chunks and student to the teacher that it is given', async () => {
    for (const name of ['Violin', 'Flute'])
      for (let take = 0; take < 4; take++) putAudio(`notes/${name}/${name}${take}x.wav`);
    const teacher = join(repositoryRoot, 'examples/instruments/teachers/alto');
    await init('notes', '--teacher', teacher);
    const run = distillRunSchema.parse(JSON.parse(read('run.json')));
    const config = modelConfigSchema.parse(
      JSON.parse(readFileSync(join(teacher, 'config.json'), 'utf8')),
    );
    const student = modelConfig(run.students[0]!.model, run.logits.chunkSeconds, [
      { name: 'Violin' },
      { name: 'Flute' },
    ]);
    expect(parameterCount(student)).toBeLessThanOrEqual(parameterCount(config) / 3);
    expect(frameCount(run.logits.chunkSeconds * 16_000)).toBeLessThanOrEqual(config.target_length);
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

  it.each(['zip', 'tar', 'tar.gz'])('reads a .%s, unpacked once into the cache', async (kind) => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 4; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const archive = `pets.${kind}`;
    if (kind === 'zip')
      execFileSync('python3', ['-m', 'zipfile', '-c', join(folder, archive), 'pets'], {
        cwd: folder,
      });
    else execFileSync('tar', [kind === 'tar' ? '-cf' : '-czf', archive, 'pets'], { cwd: folder });
    rmSync(join(folder, 'pets'), { recursive: true });
    const { found } = await init(archive);
    expect(found).toMatchObject({ clips: 8, classes: 2 });
    expect(rows('train')[0]?.audio).toContain(join(folder, 'cache'));
  });

  it('writes nothing of an archive whose names lead out of it', async () => {
    putText('in/evil.csv', 'x');
    spawnSync('tar', [
      '-C',
      join(folder, 'in'),
      '-cf',
      join(folder, 'e.tar'),
      '--transform',
      's,^,../../,',
      '-P',
      'evil.csv',
    ]);
    await expect(init('e.tar')).rejects.toThrow(/\.\.\/\.\.\/evil\.csv leads out of it/);
    expect(existsSync(join(folder, 'evil.csv'))).toBe(false);
    expect(existsSync(join(folder, 'project'))).toBe(false);
  });

  it.each(['tar', 'tar.gz'])(
    'writes no more of a .%s than it may, and leaves none',
    async (kind) => {
      for (const take of [0, 1, 2]) putAudio(`in/${take}.wav`);
      const archive = join(folder, `in.${kind}`);
      execFileSync('tar', [kind === 'tar' ? '-cf' : '-czf', archive, '-C', folder, 'in']);
      const cache = join(folder, 'cache');
      await expect(unpack(archive, cache, 70_000)).rejects.toThrow(/unpacks to over \d+ bytes/);
      expect(readdirSync(join(cache, 'datasets'))).toEqual([]);
    },
  );

  it.each([
    ['nothing', /does not exist/],
    ['empty', /holds no audio files and no table/],
    ['unlabelled', /has no labels .*--teacher DIR/],
    ['note.txt', /is no \.zip, \.tar or \.tar\.gz/],
  ])('says what is wrong with %s, and the remedy', async (source, message) => {
    mkdirSync(join(folder, 'empty'));
    putAudio('unlabelled/a.wav');
    putText('note.txt', 'no archive');
    await expect(init(source)).rejects.toThrow(message);
  });

  it('refuses a folder that holds something', async () => {
    putText('project/mine.txt', 'keep me');
    await expect(init('pets')).rejects.toThrow(
      /project is not empty; choose another place with --out/,
    );
    expect(read('mine.txt')).toBe('keep me');
  });
});
