/** Runs one input of a corpus as `ced corpus` does, and says what became of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import { encodeWav } from '../../ced/audio/wav-file';

export const vocabulary = ['Speech', 'Music', 'Dog', 'Chatter, babble', 'Whistle'].map(
  (name, index) => ({ mid: `/m/0${index}`, name }),
);

export const wav = encodeWav(Int16Array.from({ length: 1600 }, (_, at) => (at % 50) * 300));

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface Outcome {
  /** Class names of each clip, by its id; null = unlabelled. */
  clips?: Record<string, string[] | null>;
  rejected?: Record<string, string>;
  notes?: string[];
  /** The one line that refuses the table. */
  refused?: string;
}

export function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Paths of messages are told from `folder` on. */
export async function outcomeOf(
  folder: string,
  table: string,
  { root = folder, audioRoot }: { root?: string; audioRoot?: string } = {},
): Promise<Outcome> {
  const short = (text: string): string => text.replaceAll(`${folder}/`, '').replaceAll(folder, '.');
  try {
    const read = await readTables(root, 'corpus.train', join(folder, table), {}, audioRoot);
    const listed = await listClips(read, { root, vocabulary, sources: {} });
    const clips = listed.map(({ clip, labels }): [string, string[] | null] => [
      clip,
      labels && labels.map((label) => vocabulary[label]!.name),
    ]);
    const rejected = read.rejected.map(({ clip, reason }) => [clip, short(reason)]);
    return {
      clips: Object.fromEntries(clips),
      ...(rejected.length === 0 ? {} : { rejected: Object.fromEntries(rejected) as never }),
      ...(read.notes.length === 0 ? {} : { notes: read.notes.map(short) }),
    };
  } catch (error) {
    return { refused: short((error as Error).message) };
  }
}
