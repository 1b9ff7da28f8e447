import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { frameCount } from '../../ced/audio/frames';
import { modelConfigSchema } from '../../ced/model/config';
import { parameterCount } from '../../ced/model/parameters';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { repositoryRoot } from '../../infra/toolchain';
import { modelConfig } from '../../ced/model/shaped-config';
import { folderWithCache, initIn, removeWithCache, toldByInit } from '../support/told-by-init';
import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';

describe('ced init', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-');
  });
  afterEach(() => removeWithCache(folder));

  const { putAudio, putText, init, read, rows } = initIn(() => folder);

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

  it('names the inner folders where every class holds its audio in folders', async () => {
    for (const place of ['animals/dog/s1', 'animals/cat/s1', 'vehicles/car/s1'])
      for (let take = 0; take < 4; take++) putAudio(`set/${place}/${take}.wav`);
    const { found, notes } = await init('set');
    expect(found.classes).toBe(2);
    expect(notes.join('\n')).toMatch(
      /12 files lie deeper .*: animals \(cat, dog\), vehicles \(car\); if those are the classes, /,
    );
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

  it('writes budgets, of what the clips need or of --minutes, and says which', async () => {
    for (const name of ['dog', 'cat'])
      for (let take = 0; take < 8; take++) putAudio(`pets/${name}/${name}${take}x.wav`);
    const trained = async (...options: string[]): Promise<unknown[]> => {
      rmSync(join(folder, 'project'), { recursive: true, force: true });
      await init('pets', ...options);
      const { teachers } = teachRunSchema.parse(JSON.parse(read('teach.json')));
      const { students } = distillRunSchema.parse(JSON.parse(read('run.json')));
      for (const file of ['teach.json', 'run.json']) expect(read(file)).not.toContain('"epochs"');
      return [...teachers, ...students].map(({ budget }) => budget);
    };
    // A step an epoch.
    expect(await trained()).toEqual([{ steps: 120 }, { steps: 120 }, { steps: 120 }]);
    expect(read('README.md')).toMatch(/- budget: all trainings take about .*; --minutes N plans/);
    const cores = availableParallelism();
    expect(await trained('--minutes', '3')).toEqual(
      Array.from({ length: 3 }, () => ({ minutes: expect.any(Number) as number, cores })),
    );
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

  it("gives a dataset without labels the classes of a worker's teacher", async () => {
    for (let take = 0; take < 8; take++) putAudio(`calls/take${take}x.wav`);
    const { found, files, notes } = await init('calls', '--teacher', 'worker:teacher-beats');
    const { teachers, corpus, logits } = distillRunSchema.parse(JSON.parse(read('run.json')));
    expect(teachers).toMatchObject([
      {
        ...{ name: 'teacher-1', format: 'worker', taskQueue: 'teacher-beats' },
        spectrogramMasks: 'skip',
      },
    ]);
    expect(corpus.vocabulary).toBe('teacher:teacher-1');
    expect(logits).toMatchObject({ topK: 20 });
    expect(found.classes).toBe(0);
    expect(files).not.toContain('labels.csv');
    expect(files).not.toContain('teach.json');
    expect(notes.join()).toContain('start its worker with --task-queue teacher-beats');
    expect(read('README.md')).toContain('8 clips with the classes of teacher-1: ');
  });

  it("keeps a dataset's own classes beside the worker of a teacher", async () => {
    for (const name of ['Violin', 'Flute'])
      for (let take = 0; take < 4; take++) putAudio(`notes/${name}/${name}${take}x.wav`);
    await init('notes', '--teacher', 'worker:teacher-beats');
    const { corpus } = distillRunSchema.parse(JSON.parse(read('run.json')));
    expect(corpus.vocabulary).toMatch(/labels\.csv$/);
    expect(parseVocabularyCsv(read('labels.csv'))).toHaveLength(2);
  });

  it('refuses a task queue that no teacher may have', async () => {
    putAudio('calls/a.wav');
    await expect(init('calls', '--teacher', 'worker:')).rejects.toThrow(/worker: and a task queue/);
    await expect(init('calls', '--teacher', 'worker:ced')).rejects.toThrow(/task queue/);
  });

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
