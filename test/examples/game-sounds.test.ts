import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../../ced/audio/wav-file';
import { CLASSES } from '../../examples/game-sounds/build/classes';
import { fingerprint } from '../../examples/game-sounds/build/fingerprint';
import { sameSounds } from '../../examples/game-sounds/build/same-sounds';
import { Draws } from '../../examples/instruments/render/draws';
import { writeCorpus } from '../../examples/game-sounds/build/corpus';
import { SPLITS } from '../../examples/game-sounds/build/recipe';
import {
  distinctSounds,
  readRecordings,
  shareOf,
  type Recording,
  type Recordings,
} from '../../examples/game-sounds/build/recordings';
import { scene, SCENE_SAMPLES } from '../../examples/game-sounds/build/scene';
import { writeWhole } from '../../examples/instruments/render/clip-files';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-game-sounds-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A tone for each, so that it can be told from any other. */
const tone = (number: number, samples: number): Recording => ({
  path: `tone-${number}`,
  samples: Float32Array.from({ length: samples }, (_, at) => Math.sin(at * 0.01 * (number + 1))),
});
const classes = Array.from({ length: 5 }, (_, number) => [
  tone(2 * number, 4000),
  tone(2 * number + 1, 100_000),
]);

const loudest = (samples: Int16Array): number => {
  let most = 0;
  for (const value of samples) most = Math.max(most, Math.abs(value));
  return most;
};

describe('a clip of the game sounds', () => {
  it('is the same from the same split and number, and another from any other', () => {
    const made = (split: string, index: number): string =>
      Buffer.from(scene(split, index, classes, []).samples.buffer).toString('base64');
    const first = made('train', 3);
    expect(made('train', 3) === first).toBe(true);
    expect(made('eval', 3) === first).toBe(false);
    expect(made('train', 4) === first).toBe(false);
  });

  it('lasts four seconds, has one to three classes, and is never silent or clipped', () => {
    for (let index = 0; index < 12; index += 1) {
      const { samples, classes: present } = scene('train', index, classes, [tone(40, 200_000)]);
      const peak = loudest(samples);
      expect(samples).toHaveLength(SCENE_SAMPLES);
      expect(new Set(present).size).toBe(present.length);
      expect([1, 2, 3]).toContain(present.length);
      expect(peak).toBeGreaterThan(500);
      expect(peak).toBeLessThan(32_000);
    }
  });
});

describe('the recordings', () => {
  it('of a class lie in one split each, and all of them in some split', () => {
    for (const count of [10, 11, 27, 120]) {
      const all = Array.from({ length: count }, (_, number) => number);
      const shares = SPLITS.map(({ name }) => shareOf(all, name));
      expect(shares.flat()).toEqual(all);
      for (const share of shares) expect(share.length).toBeGreaterThan(0);
    }
  });

  it('with equal samples count once, and a class without enough of them is named', async () => {
    const noise = (seed: number): Buffer =>
      encodeWav(
        Int16Array.from({ length: 2000 }, (_, at) => ((at * seed * 7919) % 20_011) - 10_000),
      );
    const paths = Array.from({ length: 12 }, (_, number) => {
      const path = `0ad-data/audio/actor/fauna/animal/cattle_${number}.wav`;
      // The last three are copies of the first.
      writeWhole(join(folder, path), noise(number < 9 ? number + 1 : 1));
      return path;
    });
    await expect(readRecordings(folder, paths)).rejects.toThrow(/^Cattle has 9, Pig has 0, /);
  });
});

describe('the corpus of game sounds', () => {
  it('has classes of different names whose recordings differ', () => {
    expect(CLASSES.length).toBeGreaterThan(40);
    expect(new Set(CLASSES.map(({ name }) => name)).size).toBe(CLASSES.length);
    const paths = [
      '0ad-data/audio/actor/human/death/female_death_01.ogg',
      '0ad-data/audio/voice/napatan/civ/civ_male_heal1.ogg',
      'fillets-ng-data-cs/usr/share/games/fillets-ng/sound/city/cs/vit-m-hlava.ogg',
      'fillets-ng-data-nl/usr/share/games/fillets-ng/sound/nowall/nl/m-otazka3.ogg',
    ];
    expect(
      paths.map((path) => CLASSES.filter((each) => each.recordings.test(path)).map((c) => c.name)),
    ).toEqual([['Scream of a woman'], ['Meroitic, a man'], ['Czech, a woman'], ['Dutch, a woman']]);
  });

  it('is written with a table for each split, audio, and a manifest', () => {
    const every = CLASSES.map((_, number) => [tone(number, 5000)]);
    const of = { classes: every, ambience: [] };
    const recordings: Recordings = { train: of, validation: of, eval: of };
    const splits = SPLITS.map((split) => ({ ...split, clips: 2 }));
    const first = writeCorpus(folder, 'recipe', splits, recordings);
    const rows = readFileSync(join(folder, 'eval.jsonl'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(2);
    const row = JSON.parse(rows[1]!) as { audio: string; labels: string[] };
    expect(readFileSync(join(folder, row.audio)).toString('latin1', 0, 4)).toBe('RIFF');
    const names = CLASSES.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(row.labels));
    expect(writeCorpus(folder, 'recipe', splits, recordings)).toEqual(first);
  });
});

describe('recordings that are the same sound', () => {
  /** A noise whose colour and level change all the time, in another way for each number. */
  const noise = (number: number, seconds: number): Float32Array => {
    const draws = new Draws('same-sounds', number);
    const samples = new Float32Array(seconds * 16_000);
    let [before, colour, level] = [0, 0, 0];
    for (let at = 0; at < samples.length; at += 1) {
      if (at % 800 === 0) [colour, level] = [draws.uniform(-0.95, 0.95), draws.uniform(0.1, 1)];
      before = colour * before + level * draws.uniform(-1, 1);
      samples[at] = before;
    }
    return samples;
  };
  /** Softer, 0.2 s shorter at the beginning, and with a little noise, as of a codec. */
  const copyOf = (samples: Float32Array): Float32Array =>
    samples.slice(3237).map((value, at) => 0.1 * value + 0.002 * Math.sin(at * at));
  const recording = (path: string, samples: Float32Array): Recording => ({ path, samples });

  it('count once, at another level, trimmed or encoded again, in any class', () => {
    const classes = [
      [recording('one', noise(0, 1)), recording('two', noise(1, 1))],
      [
        recording('copy of one', copyOf(noise(0, 1))),
        recording('three', noise(2, 1)),
        recording('part of three', noise(2, 1).slice(6000)),
      ],
    ];
    expect(distinctSounds(classes).map((all) => all.map(({ path }) => path))).toEqual([
      ['one', 'two'],
      ['three'],
    ]);
  });

  it('are told apart from others of the same kind', () => {
    const others = [3, 4, 5, 6].map((number) => fingerprint(noise(number, 0.5)));
    expect(sameSounds(others)).toEqual([0, 1, 2, 3]);
    expect(sameSounds([fingerprint(new Float32Array(8000)), ...others])).toEqual([0, 1, 2, 3, 4]);
  });
});
