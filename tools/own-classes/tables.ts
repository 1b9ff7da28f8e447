/**
 * The example's tables, made of the demo's: clips labelled by family, a few of each for training,
 * and the other training clips without labels.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { permutation } from '../../ced/augment/random';
import { formatVocabularyCsv } from '../../ced/teachers/vocabulary';
import { linkDemoCorpus } from '../../cli/run/demo-corpus';
import { FAMILIES, familiesOf, fewOfEach } from './families';

const FOLDER = 'data/own-classes';
/** Labelled clips that select the best epoch: fewer than the demo has. */
const VALIDATION_CLIPS = 100;
/** Training clips from here on lose their labels. */
const FIRST_UNLABELLED = 1500;

export const TABLES = {
  validation: `${FOLDER}/validation.jsonl`,
  eval: `${FOLDER}/eval.jsonl`,
  vocabulary: `${FOLDER}/vocabulary.csv`,
  unlabelled: `${FOLDER}/unlabelled.jsonl`,
} as const;

/** Of labelled training clips. */
export function trainTable(clipsPerClass: number, seed: number): string {
  return `${FOLDER}/train-${clipsPerClass}-${seed}.jsonl`;
}

const rowSchema = z.object({ clip: z.string(), audio: z.string(), labels: z.array(z.string()) });
type Row = z.output<typeof rowSchema>;

/** Writes the tables of every draw. @returns clips of each training table, by its name */
export function writeTables(
  root: string,
  clipsPerClass: readonly number[],
  seeds: readonly number[],
): ReadonlyMap<string, number> {
  linkDemoCorpus(root);
  mkdirSync(join(root, FOLDER), { recursive: true });
  const write = (table: string, rows: readonly object[]): void =>
    writeFileSync(join(root, table), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const train = demoRows(root, 'train');
  write(TABLES.validation, demoRows(root, 'validation').slice(0, VALIDATION_CLIPS));
  write(TABLES.eval, demoRows(root, 'eval'));
  write(
    TABLES.unlabelled,
    train.slice(FIRST_UNLABELLED).map(({ clip, audio }) => ({ clip, audio })),
  );
  writeFileSync(
    join(root, TABLES.vocabulary),
    formatVocabularyCsv(FAMILIES.map((name, index) => ({ mid: `/family/${index}`, name }))),
  );
  const sizes = new Map<string, number>();
  for (const seed of seeds) {
    const drawn = [...permutation(seed, 0, FIRST_UNLABELLED)].flatMap((at) => train[at] ?? []);
    for (const count of clipsPerClass) {
      const rows = fewOfEach(drawn, count);
      write(trainTable(count, seed), rows);
      sizes.set(trainTable(count, seed), rows.length);
    }
  }
  return sizes;
}

/** Labelled by family; paths from the tables' folder. */
function demoRows(root: string, split: string): Row[] {
  const lines = readFileSync(join(root, `data/instruments/${split}.jsonl`), 'utf8').trim();
  return lines.split('\n').map((line) => {
    const { clip, audio, labels } = rowSchema.parse(JSON.parse(line));
    return { clip, audio: `../instruments/${audio}`, labels: familiesOf(labels) };
  });
}
