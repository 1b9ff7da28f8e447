import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeWav } from '../../../ced/audio/wav-file';
import { writeWhole } from '../../instruments/render/clip-files';
import { claimFolder } from '../../instruments/render/folder-claim';
import { CLASSES } from './classes';
import { debName, type DebPlace } from './deb-file';
import { PACKAGES, soundsIn, unpackSounds } from './packages';
import { recipeSha256, type SplitRecipe } from './recipe';
import { readRecordings, type Recording, type Recordings } from './recordings';
import { scene } from './scene';

/**
 * The corpus in a folder: `vocabulary.csv`, a table for each split, `audio/`, `recordings.jsonl`
 * (the split, class and licence of each), and `manifest.json`, written last. An interrupted folder
 * is built again; packages that were downloaded or unpacked stay until the corpus is complete.
 */

/** While the largest package is unpacked: its file, the archive in it, and its sounds. */
const LARGEST_GIGABYTES = 5;

const manifestSchema = z.object({
  formatVersion: z.literal(1),
  recipe: z.string(),
  splits: z.array(
    z.object({
      name: z.string(),
      clips: z.number(),
      recordings: z.number(),
      audioSha256: z.string(),
    }),
  ),
});
export type Manifest = z.output<typeof manifestSchema>;

interface Build {
  readonly splits: readonly SplitRecipe[];
  /** Folder of .deb files; null = apt-get downloads them. */
  readonly packages: string | null;
  readonly say: (line: string) => void;
}

/** @returns the manifest, and whether the corpus was there already */
export async function buildCorpus(
  folder: string,
  { splits, packages, say }: Build,
): Promise<{ manifest: Manifest; found: boolean }> {
  const recipe = recipeSha256(splits);
  mkdirSync(folder, { recursive: true });
  const present = manifestIn(folder);
  if (present?.recipe === recipe) return { manifest: present, found: true };
  const release = claimFolder(folder);
  try {
    const complete = manifestIn(folder);
    if (complete?.recipe === recipe) return { manifest: complete, found: true };
    rmSync(join(folder, 'manifest.json'), { force: true });
    const sounds = join(folder, 'packages');
    const downloads = join(folder, 'downloads');
    await unpackPackages(sounds, { given: packages, downloads }, say);
    say('decoding the recordings');
    const recordings = await readRecordings(sounds, await soundsIn(sounds));
    say('mixing the clips');
    const manifest = writeCorpus(folder, recipe, splits, recordings);
    for (const each of [sounds, downloads]) rmSync(each, { recursive: true, force: true });
    return { manifest, found: false };
  } catch (error) {
    throw isDiskFull(error) ? diskFull(folder, error) : error;
  } finally {
    release();
  }
}

async function unpackPackages(sounds: string, place: DebPlace, say: Build['say']): Promise<void> {
  for (const each of PACKAGES) {
    const marker = join(sounds, `${each.name}.sha256`);
    if (textOf(marker) === each.sha256) continue;
    say(`unpacking ${each.name} ${each.version}`);
    await unpackSounds(each, join(sounds, each.name), place);
    writeWhole(marker, each.sha256);
    rmSync(join(place.downloads, debName(each)), { force: true });
  }
}

/** In the words of node, of apt-get before and while it downloads, and of tar. */
function isDiskFull(error: unknown): boolean {
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return true;
  return error instanceof Error && /No space left|enough free space|Wrote only/.test(error.message);
}

const diskFull = (folder: string, cause: unknown): Error =>
  new Error(
    `${folder}: no space is left on its disk. A build takes up to ${LARGEST_GIGABYTES} GB there, ` +
      'and 0.7 GB remain of it. With more space the same command goes on.\n' +
      (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0],
    { cause },
  );

/** Everything but the packages: for any recordings. */
export function writeCorpus(
  folder: string,
  recipe: string,
  splits: readonly SplitRecipe[],
  recordings: Recordings,
): Manifest {
  const vocabulary = CLASSES.map(({ name }, index) => `${index},/game/${index},"${name}"\n`);
  writeWhole(join(folder, 'vocabulary.csv'), `index,mid,display_name\n${vocabulary.join('')}`);
  const listed = splits.flatMap(({ name: split }) => [
    ...recordings[split].classes.flatMap((all, number) =>
      all.map((each) => recordingLine(each, split, CLASSES[number]!.name)),
    ),
    ...recordings[split].ambience.map((each) => recordingLine(each, split, null)),
  ]);
  writeWhole(join(folder, 'recordings.jsonl'), listed.join(''));
  const manifest: Manifest = {
    formatVersion: 1,
    recipe,
    splits: splits.map(({ name, clips }) => ({
      name,
      clips,
      recordings: recordings[name].classes.flat().length,
      audioSha256: writeSplit(folder, name, clips, recordings),
    })),
  };
  writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** @returns SHA-256 of the clips' hashes */
function writeSplit(
  folder: string,
  split: SplitRecipe['name'],
  clips: number,
  recordings: Recordings,
): string {
  const { classes, ambience } = recordings[split];
  const all = createHash('sha256');
  const rows = Array.from({ length: clips }, (_, index) => {
    const made = scene(split, index, classes, ambience);
    const clip = `${split}-${String(index).padStart(5, '0')}`;
    const audio = `audio/${split}/${clip}.wav`;
    const bytes = encodeWav(made.samples);
    writeWhole(join(folder, audio), bytes);
    all.update(createHash('sha256').update(bytes).digest('hex'));
    return jsonLine({ clip, audio, labels: made.classes.map((number) => CLASSES[number]!.name) });
  });
  writeWhole(join(folder, `${split}.jsonl`), rows.join(''));
  return all.digest('hex');
}

/** @param soundClass null for an ambience */
function recordingLine({ path }: Recording, split: string, soundClass: string | null): string {
  const licence = PACKAGES.find(({ name }) => path.startsWith(`${name}/`))?.licence ?? null;
  return jsonLine({ recording: path, split, class: soundClass, licence });
}

const jsonLine = (row: object): string => `${JSON.stringify(row)}\n`;

function manifestIn(folder: string): Manifest | null {
  const text = textOf(join(folder, 'manifest.json'));
  return text === null ? null : manifestSchema.parse(JSON.parse(text));
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
