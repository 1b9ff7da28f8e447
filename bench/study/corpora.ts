/**
 * The study's audio: the demo's corpus, nine thousand more clips of the same kind without labels, the shipped teachers' own training clips, and the demo's tables without
 * labels for teachers that know other classes. Rendered into the cache once; the tables are written beside the demo's.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { linkDemoCorpus, linkRendered, renderTeachCorpus } from '../../cli/demo-corpus';

export const COMMON_CORPUS = {
  train: 'data/instruments/train.jsonl',
  validation: 'data/instruments/validation.jsonl',
  eval: 'data/instruments/eval.jsonl',
  vocabulary: 'data/instruments/vocabulary.csv',
};

export const UNLABELLED_TABLES = { 2: 'data/study/train-2x.jsonl', 4: 'data/study/train-4x.jsonl' } as const;

/** The demo's clips for teachers with a vocabulary of their own. */
export const UNLABELLED_CORPUS = {
  train: 'data/study/train.jsonl',
  validation: 'data/study/validation.jsonl',
  eval: 'data/study/eval.jsonl',
};

interface Row {
  clip: string;
  audio: string;
}

/** @param more with the clips that only the question about more audio needs: minutes of rendering */
export async function prepareCorpora(root: string, more: boolean): Promise<void> {
  linkDemoCorpus(root);
  await renderTeachCorpus(root);
  const demo = (split: string): Row[] => readTable(root, `data/instruments/${split}.jsonl`);
  for (const [split, table] of Object.entries(UNLABELLED_CORPUS)) writeTable(root, table, demo(split));
  if (!more) return;
  await linkRendered(root, 'more');
  const train = demo('train');
  const others = readTable(root, 'data/instruments-more/train.jsonl');
  writeTable(root, UNLABELLED_TABLES[2], [...train, ...others.slice(0, train.length)]);
  writeTable(root, UNLABELLED_TABLES[4], [...train, ...others.slice(0, 3 * train.length)]);
}

/** Audio paths from the repository's root, labels left behind. */
function readTable(root: string, table: string): Row[] {
  const lines = readFileSync(join(root, table), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { clip, audio } = JSON.parse(line) as Row;
    return { clip, audio: join(dirname(table), audio) };
  });
}

function writeTable(root: string, table: string, rows: readonly Row[]): void {
  mkdirSync(join(root, dirname(table)), { recursive: true });
  const up = '../'.repeat(dirname(table).split('/').length);
  writeFileSync(join(root, table), rows.map(({ clip, audio }) => `${JSON.stringify({ clip, audio: up + audio })}\n`).join(''));
}
