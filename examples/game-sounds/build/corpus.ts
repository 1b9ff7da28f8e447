import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeWav } from '../../../ced/audio/wav-file';
import { writeWhole } from '../../instruments/render/clip-files';
import { claimFolder } from '../../instruments/render/folder-claim';
import { CLASSES } from './classes';
import { PACKAGES, soundsIn, unpackSounds } from './packages';
import { recipeSha256, type SplitRecipe } from './recipe';
import { readRecordings, type Recordings } from './recordings';
import { scene } from './scene';

/**
 * The corpus in a folder: `vocabulary.csv`, a table for each split, `audio/`, `recordings.jsonl`
 * (which recording is in which split), and `manifest.json`, written last. An interrupted folder is
 * built again; packages that were unpacked stay until the corpus is complete.
 */

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
    for (const each of PACKAGES) {
      const own = join(sounds, each.name);
      const marker = join(sounds, `${each.name}.sha256`);
      if (textOf(marker) === each.sha256) continue;
      say(`unpacking ${each.name} ${each.version}`);
      rmSync(own, { recursive: true, force: true });
      await unpackSounds(each, own, packages);
      writeWhole(marker, each.sha256);
    }
    say('decoding the recordings');
    const recordings = await readRecordings(sounds, await soundsIn(sounds));
    say('mixing the clips');
    const manifest = writeCorpus(folder, recipe, splits, recordings);
    rmSync(sounds, { recursive: true });
    return { manifest, found: false };
  } finally {
    release();
  }
}

/** Everything but the packages: for any recordings. */
export function writeCorpus(
  folder: string,
  recipe: string,
  splits: readonly SplitRecipe[],
  recordings: Recordings,
): Manifest {
  const vocabulary = CLASSES.map(({ name }, index) => `${index},/game/${index},"${name}"\n`);
  writeWhole(join(folder, 'vocabulary.csv'), `index,mid,display_name\n${vocabulary.join('')}`);
  const listed = splits.flatMap(({ name: split }) =>
    recordings[split].classes.flatMap((all, number) =>
      all.map(({ path }) => jsonLine({ recording: path, split, class: CLASSES[number]!.name })),
    ),
  );
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
