import { join } from 'node:path';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../../ced/audio/decode';
import { checkRate } from '../../../ced/audio/mono16k';
import { toMono16k } from '../../../ced/audio/to-mono';
import { blocksOf } from './decoded-whole';
import { mutant } from '../../../tools/fuzz/mutate';
import { FORMATS, originalsOf } from '../../../tools/fuzz/originals';

const MUTANTS = 50;
const root = join(__dirname, '../../..');
const everything = FORMATS.flatMap((format) => originalsOf(format, root));

/** A slice of `npm run fuzz`, which decodes thousands in a process of their own. */
describe('a broken file', () => {
  let printed: unknown[][];
  beforeEach(() => {
    printed = [];
    for (const level of ['error', 'warn', 'log'] as const)
      jest.spyOn(console, level).mockImplementation((...args) => void printed.push(args));
  });
  afterEach(() => jest.restoreAllMocks());

  it.each(FORMATS)(
    'of format %s is accepted, or refused with a reason, in silence',
    async (format) => {
      const originals = originalsOf(format, root);
      const outcomes = new Map<string, number>();
      for (let number = 0; number < MUTANTS; number++) {
        const bytes = mutant(format, 7, number, originals, everything);
        const outcome = await decodeAudio([bytes], `${format} ${number}`)
          .then((blocks) => toMono16k(blocks))
          .then(
            () => 'accepted',
            (error: unknown) =>
              error instanceof ClipUnreadable ? error.reason : `mutant ${number}: ${String(error)}`,
          );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      const reasons = [
        'accepted',
        'notAudio',
        'unknownFormat',
        'unsupportedCodec',
        'damaged',
        'empty',
        'tooShort',
        'absurdRate',
        'notFinite',
      ];
      expect([...outcomes.keys()].filter((outcome) => !reasons.includes(outcome))).toEqual([]);
      expect(outcomes.get('damaged')).toBeGreaterThan(0);
      expect(outcomes.get('accepted')).toBeGreaterThan(0);
      expect(printed).toEqual([]);
    },
  );

  it('is the same one every time', () => {
    const [wav] = originalsOf('wav', root);
    const make = (number: number): Buffer => mutant('wav', 7, number, [wav!], everything);
    expect(make(3).equals(make(3))).toBe(true);
    expect(make(3).equals(make(4))).toBe(false);
  });
});

describe('a FLAC stream', () => {
  it('whose samples leave their bits is refused, not crashed over', async () => {
    const originals = originalsOf('flac', root);
    const blocks = await decodeAudio([mutant('flac', 1, 396, originals, everything)], 'clip');
    await expect(toMono16k(blocks)).rejects.toMatchObject({
      reason: 'damaged',
    });
  });
});

describe('a rate', () => {
  it.each([1, 999, 384_001, 4_294_967_295])(
    'of %d Hz is refused before memory is taken for it',
    async (sampleRate) => {
      const channels = [new Float32Array(1000)];
      await expect(toMono16k(blocksOf({ sampleRate, channels }))).rejects.toThrow(/^absurdRate: /);
    },
  );

  it('that shares no divisor with 16 kHz is refused only where its table would be huge', () => {
    expect(() => checkRate(191_999)).toThrow(/too little in common/);
    expect(() => checkRate(44_101)).not.toThrow();
  });
});
