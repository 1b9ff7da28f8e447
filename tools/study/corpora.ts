/**
 * The study's audio: half of the demo's training clips, so that fifty trainings fit into an
 * afternoon; the other half and three thousand more clips of the same kind as unlabelled audio; the
 * training clips of the shipped teachers; and the demo's tables without labels, for teachers of
 * other classes. Rendered into the cache once.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { linkDemoCorpus, linkRendered, renderTeachCorpus } from '../../cli/run/demo-corpus';

export const COMMON_CORPUS = {
  train: 'data/study/train.jsonl',
  validation: 'data/instruments/validation.jsonl',
  eval: 'data/instruments/eval.jsonl',
  vocabulary: 'data/instruments/vocabulary.csv',
};

export const UNLABELLED_TABLES = {
  2: 'data/study/train-2x.jsonl',
  4: 'data/study/train-4x.jsonl',
} as const;

/** The same clips for teachers of another vocabulary. */
export const UNLABELLED_CORPUS = {
  train: 'data/study/train-unlabelled.jsonl',
  validation: 'data/study/validation-unlabelled.jsonl',
  eval: 'data/study/eval-unlabelled.jsonl',
};

const rowSchema = z.object({
  clip: z.string(),
  audio: z.string(),
  labels: z.exactOptional(z.array(z.string())),
});
type Row = z.output<typeof rowSchema>;

export interface PrepareOptions {
  /** Also render the clips of the question about more audio, which takes minutes. */
  readonly more: boolean;
  /** Also render the training clips of the shipped teachers, which takes minutes. */
  readonly teach: boolean;
}

export async function prepareCorpora(root: string, { more, teach }: PrepareOptions): Promise<void> {
  linkDemoCorpus(root);
  if (teach) await renderTeachCorpus(root);
  const demo = (split: string): Row[] => readTable(root, `data/instruments/${split}.jsonl`);
  const all = demo('train');
  const half = all.slice(0, all.length / 2);
  writeTable(root, COMMON_CORPUS.train, half);
  writeTable(root, UNLABELLED_CORPUS.train, unlabelled(half));
  writeTable(root, UNLABELLED_CORPUS.validation, unlabelled(demo('validation')));
  writeTable(root, UNLABELLED_CORPUS.eval, unlabelled(demo('eval')));
  if (!more) return;
  await linkRendered(root, 'more');
  const others = readTable(root, 'data/instruments-more/train.jsonl');
  writeTable(root, UNLABELLED_TABLES[2], unlabelled(all));
  writeTable(root, UNLABELLED_TABLES[4], unlabelled([...all, ...others.slice(0, all.length)]));
}

const unlabelled = (rows: readonly Row[]): Row[] =>
  rows.map(({ clip, audio }) => ({ clip, audio }));

/** Audio paths from the repository's root. */
function readTable(root: string, table: string): Row[] {
  const lines = readFileSync(join(root, table), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const row = rowSchema.parse(JSON.parse(line));
    return { ...row, audio: join(dirname(table), row.audio) };
  });
}

function writeTable(root: string, table: string, rows: readonly Row[]): void {
  mkdirSync(join(root, dirname(table)), { recursive: true });
  const up = '../'.repeat(dirname(table).split('/').length);
  writeFileSync(
    join(root, table),
    rows.map((row) => `${JSON.stringify({ ...row, audio: up + row.audio })}\n`).join(''),
  );
}
