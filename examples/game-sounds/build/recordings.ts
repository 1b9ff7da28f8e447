import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../../ced/audio/decode';
import { toMono16k } from '../../../ced/audio/to-mono';
import { loudestRms } from '../../instruments/render/loudness';
import { AMBIENCE, CLASSES } from './classes';
import { fingerprint } from './fingerprint';
import { SPLITS, type SplitName } from './recipe';
import { sameSounds } from './same-sounds';

/**
 * The recordings of every class, each in one split. Recordings that are the same sound count
 * once, whatever their files are called. The split is a pure function of the recordings.
 */

export interface Recording {
  readonly path: string;
  /** At 16 kHz, the loudest tenth of a second at a root mean square of 1. */
  readonly samples: Float32Array;
}

/** Of each split: the recordings of every class, in the order of CLASSES, and of the ambience. */
export type Recordings = Readonly<
  Record<SplitName, { classes: readonly (readonly Recording[])[]; ambience: readonly Recording[] }>
>;

/** Three of them for evaluation. */
const LEAST_OF_A_CLASS = 10;
/** Voices have hundreds of lines, other classes ten to fifty recordings. */
const MOST_OF_A_CLASS = 120;
const LONGEST_SECONDS = 600;

/**
 * @param paths of all sounds, from `folder`, sorted
 * @throws for a class with fewer recordings than the splits need
 */
export async function readRecordings(
  folder: string,
  paths: readonly string[],
): Promise<Recordings> {
  const known = new Set<string>();
  const read = async (pattern: RegExp): Promise<Recording[]> => {
    const all: Recording[] = [];
    for (const path of inDrawnOrder(paths.filter((each) => pattern.test(each)))) {
      if (all.length === MOST_OF_A_CLASS) break;
      const pcm = await samplesOf(join(folder, path));
      if (pcm === null) continue;
      const identity = createHash('sha256').update(new Uint8Array(pcm.buffer)).digest('hex');
      const samples = levelled(pcm);
      if (samples === null || known.has(identity)) continue;
      known.add(identity);
      all.push({ path, samples });
    }
    return all;
  };
  const found: Recording[][] = [];
  for (const { recordings } of CLASSES) found.push(await read(recordings));
  const classes = distinctSounds(found);
  const lacking = classes.flatMap(({ length }, number) =>
    length < LEAST_OF_A_CLASS ? [`${CLASSES[number]!.name} has ${length}`] : [],
  );
  if (lacking.length > 0)
    throw new Error(`${lacking.join(', ')} recordings, expected ${LEAST_OF_A_CLASS}`);
  // Apart, since these are long: to look in them for every sound of a class takes minutes.
  const [ambience = []] = distinctSounds([await read(AMBIENCE)]);
  const of = (split: SplitName): Recordings[SplitName] => ({
    classes: classes.map((all) => shareOf(all, split)),
    ambience: shareOf(ambience, split),
  });
  return { train: of('train'), validation: of('validation'), eval: of('eval') };
}

/** Without recordings that are the same sound as an earlier one, of any class. */
export function distinctSounds(classes: readonly (readonly Recording[])[]): Recording[][] {
  const firsts = sameSounds(classes.flat().map(({ samples }) => fingerprint(samples)));
  let number = 0;
  return classes.map((all) =>
    all.filter(() => {
      const isFirst = firsts[number] === number;
      number += 1;
      return isFirst;
    }),
  );
}

/** By hash of the path, so that the takes of one name spread over the splits. */
export function inDrawnOrder(paths: readonly string[]): string[] {
  const draw = (path: string): string => createHash('sha256').update(path).digest('hex');
  return [...paths].sort((a, b) => (draw(a) < draw(b) ? -1 : 1));
}

/** The splits' shares follow each other in the drawn order. */
export function shareOf<T>(all: readonly T[], split: SplitName): T[] {
  let [start, end] = [0, 0];
  for (const { name, share } of SPLITS) {
    [start, end] = [end, end + share];
    if (name === split) break;
  }
  return all.slice(Math.round(start * all.length), Math.round(end * all.length));
}

/** @returns null for a file that holds no usable audio */
async function samplesOf(file: string): Promise<Int16Array<ArrayBuffer> | null> {
  try {
    return Int16Array.from(
      await toMono16k(await decodeAudio(createReadStream(file), file), LONGEST_SECONDS),
    );
  } catch (error) {
    if (error instanceof ClipUnreadable) return null;
    throw error;
  }
}

/** @returns null for silence */
function levelled(pcm: Int16Array): Float32Array | null {
  const samples = Float32Array.from(pcm, (value) => value / 32_768);
  const loudest = loudestRms(samples);
  return loudest < 1e-4 ? null : samples.map((value) => value / loudest);
}
