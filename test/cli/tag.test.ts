import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { everyChunk } from '../../ced/audio/chunks';
import { tagAudio, type TaggedChunk } from '../../cli/models/tag-audio';
import { openEngine } from '../../ced/engine/engine';
import { modelConfigSchema } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { Predictor } from '../../ced/model/predictor';
import { wavBytes } from '../ced/audio/wav-bytes';
import { referenceModel } from '../ced/parity/reference-vectors';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';
import { labelOf, referencePredictor, sweep, writeReferenceModel } from '../support/tagged-model';

const rate = 16_000;
const wav = (samples: number[]): Uint8Array => wavBytes([samples], { bits: 16 });

interface Tagged {
  file: string;
  chunks: TaggedChunk[];
}

describe('ced tag', () => {
  let folder: string;
  let model: string;
  let printed: CaughtOutput;
  let complained: CaughtOutput;
  const long = sweep(2.35);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-tag-'));
    model = writeReferenceModel(join(folder, 'model'));
    mkdirSync(join(folder, 'clips', 'deeper'), { recursive: true });
    writeFileSync(join(folder, 'clips', 'long.wav'), wav(long));
    writeFileSync(join(folder, 'clips', 'deeper', 'short.wav'), wav(sweep(0.5)));
    writeFileSync(join(folder, 'clips', 'notes.txt'), 'no audio');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = catchOutput('stdout');
    complained = catchOutput('stderr');
  });
  afterEach(() => jest.restoreAllMocks());

  const tag = async (...argv: string[]): Promise<number> =>
    await ced(['tag', ...argv, '--model', model]);
  const tagged = (): Tagged[] =>
    printed.text
      .trim()
      .split('\n')
      .map((line) => documentedOutput<Tagged>('tag', line));

  it('names a file whose channels cancel, and tags the one that is chosen', async () => {
    const samples = sweep(1);
    const file = join(folder, 'opposite.wav');
    const opposite = samples.map((sample) => -sample);
    const louder = samples.map((sample) => 2 * sample);
    writeFileSync(file, wavBytes([samples, opposite], { bits: 16 }));
    expect(await tag(file, '--json')).toBe(1);
    expect(complained.text).toContain(
      `${file}: channelsCancel: its 2 channels cancel: choose corpus.channels (--channels)`,
    );
    writeFileSync(join(folder, 'one.wav'), wav(samples));
    writeFileSync(join(folder, 'louder.wav'), wav(louder));
    writeFileSync(file, wavBytes([samples, louder], { bits: 16 }));
    const chunksOf = async (name: string, ...options: string[]): Promise<TaggedChunk[]> => {
      printed.text = '';
      expect(await tag(join(folder, name), '--json', ...options)).toBe(0);
      return (tagged() as [Tagged])[0].chunks;
    };
    expect(await chunksOf('opposite.wav', '--channels', 'first')).toEqual(
      await chunksOf('one.wav'),
    );
    expect(await chunksOf('opposite.wav', '--channels', 'loudest')).toEqual(
      await chunksOf('louder.wav'),
    );
  });

  it('gives every chunk what the model says of it, the remainder at its own length', async () => {
    const file = join(folder, 'clips', 'long.wav');
    expect(await tag(file, '--json', '--top', '3', '--chunk-seconds', '1')).toBe(0);
    const [{ chunks, ...rest }] = tagged() as [Tagged];
    expect(rest).toEqual({ formatVersion: 1, file });
    expect(chunks.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 2],
      [2, 2.35],
    ]);

    const predictor = referencePredictor();
    for (const { start, end, tags } of chunks) {
      const pcm = Int16Array.from(long.slice(Math.round(start * rate), Math.round(end * rate)));
      const scores = [
        ...predictor.probabilities({ pcm, batch: 1, samples: pcm.length, masks: null }),
      ];
      const ranked = scores
        .map((probability, index) => ({ label: labelOf(index), probability }))
        .sort((a, b) => b.probability - a.probability);
      expect(tags.map(({ label }) => label)).toEqual(ranked.slice(0, 3).map(({ label }) => label));
      tags.forEach(({ probability }, rank) =>
        expect(probability).toBeCloseTo(ranked[rank]!.probability, 5),
      );
    }
    predictor.dispose();
  });

  it('reads a folder and those below it, and nothing in it that is no audio', async () => {
    expect(await tag(join(folder, 'clips'), '--json')).toBe(0);
    expect(tagged().map(({ file }) => file)).toEqual([
      join(folder, 'clips', 'deeper', 'short.wav'),
      join(folder, 'clips', 'long.wav'),
    ]);
    expect(tagged()[0]!.chunks[0]!.tags).toHaveLength(
      Math.min(5, referenceModel().config.outputdim),
    );
  });

  it('reads standard input, and writes text for people', async () => {
    jest
      .spyOn(process, 'stdin', 'get')
      .mockReturnValue(Readable.from([Buffer.from(wav(sweep(0.5)))]) as typeof process.stdin);
    expect(await tag('-')).toBe(0);
    expect(printed.text).toMatch(/^-\n {2}0\.00–0\.50 s\n {4}0\.\d{3} {2}sound \d+\n/);
  });

  it('names a file it cannot read, goes on with the others and exits with 1', async () => {
    const broken = join(folder, 'broken.wav');
    const short = join(folder, 'short.wav');
    writeFileSync(broken, 'not audio at all');
    writeFileSync(short, wav(sweep(0.1)));
    expect(await tag(broken, short, join(folder, 'clips', 'long.wav'), '--json')).toBe(1);
    expect(tagged().map(({ file }) => file)).toEqual([join(folder, 'clips', 'long.wav')]);
    expect(complained.text.trim().split('\n')).toHaveLength(2);
    expect(complained.text).toContain(`error: ${broken}: `);
    expect(complained.text).toMatch(/short\.wav: 1600 samples at 16 kHz are too short/);
  });

  it('names what is missing or holds no audio, and tags the other files', async () => {
    const file = join(folder, 'clips', 'long.wav');
    const status = await ced(['tag', 'nowhere', model, file, '--model', model, '--json']);
    expect(status).toBe(1);
    expect(complained.text).toBe(
      'error: nowhere: no such file or folder\n' +
        `error: ${model}: no audio files in this folder\n`,
    );
    expect((JSON.parse(printed.text) as Tagged).file).toBe(file);
  });

  it('opens no pipe and follows no link that leads nowhere, and names both', async () => {
    const clips = join(folder, 'odd');
    mkdirSync(clips);
    const file = join(clips, 'long.wav');
    writeFileSync(file, wav(long));
    execFileSync('mkfifo', [join(clips, 'pipe.wav')]);
    symlinkSync('nowhere.wav', join(clips, 'link.wav'));
    expect(await tag(clips, '--json')).toBe(1);
    expect(tagged().map((each) => each.file)).toEqual([file]);
    expect(complained.text).toBe(
      `error: ${clips}/link.wav: a link that leads nowhere, not a file; put back the file that ` +
        'it leads to\n' +
        `error: ${clips}/pipe.wav: a named pipe, not a file; write what it gives into a file, or ` +
        'pass it on standard input, to ced tag -\n',
    );
  });

  it('opens no pipe in the place of a model', async () => {
    const odd = join(folder, 'odd-model');
    mkdirSync(odd);
    execFileSync('mkfifo', [join(odd, 'config.json')]);
    const file = join(folder, 'clips', 'long.wav');
    await expect(ced(['tag', file, '--model', odd])).rejects.toThrow(
      /odd-model\/config\.json is a named pipe; write what it gives into a file$/,
    );
  });

  it('says in one line what it was not given', async () => {
    const complaint = async (...argv: string[]): Promise<string> =>
      await ced(['tag', ...argv]).then(() => 'none', describeFailure);
    const file = join(folder, 'clips', 'long.wav');
    expect(await complaint()).toMatch(/^ced tag: expected a file, a folder or -/);
    expect(await complaint(file)).toMatch(/^--model: nothing given, expected a folder with/);
    expect(await complaint(file, '--model', folder)).toMatch(
      /config\.json cannot be read \(ENOENT\): expected a folder with/,
    );
    expect(await complaint(file, '--model', model, '--top', '0')).toBe(
      '--top 0: expected a whole number above 0',
    );
  });
});

describe('files of many lengths', () => {
  it('are tagged with functions for each number of patches, not for each length', () => {
    const engine = openEngine();
    const config = modelConfigSchema.parse({
      embed_dim: 32,
      depth: 1,
      num_heads: 2,
      outputdim: 3,
      target_length: 112,
    });
    const predictor = new Predictor(engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    const options = { chunkSeconds: 1, top: 1 };
    const tagAll = (seconds: number): void => {
      for (let file = 0; file < 20; file++)
        tagAudio(predictor, Int16Array.from(sweep(seconds + file / 160)), options);
    };
    tagAll(0.5); // of three whole patches
    const before = engine.functionCount;
    tagAll(1.5); // a whole chunk, then a last one like those
    expect(engine.functionCount - before).toBeLessThanOrEqual(2);
    predictor.dispose();
  });
});

describe('chunks of a clip that is tagged', () => {
  it('cover every sample; a remainder too short for the model starts earlier', () => {
    expect(everyChunk(25, 10, 3)).toEqual([
      { start: 0, length: 10 },
      { start: 10, length: 10 },
      { start: 20, length: 5 },
    ]);
    expect(everyChunk(21, 10, 3)).toEqual([
      { start: 0, length: 10 },
      { start: 10, length: 10 },
      { start: 18, length: 3 },
    ]);
    expect(everyChunk(4, 10, 3)).toEqual([{ start: 0, length: 4 }]);
    expect(() => everyChunk(2, 10, 3)).toThrow(/too short/);
  });
});
