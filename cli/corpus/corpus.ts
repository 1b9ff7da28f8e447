/**
 * `ced corpus TABLE`: reads a corpus as a run would and says what is in it, before anything is
 * spent.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { namesOf } from '../../storage/corpus/content-index';
import { readVocabulary } from '../../activities/plan-corpus';
import type { Split } from '../../storage/layout';
import type { Command } from '../command';
import { surveyCorpus, type SplitSurvey } from './corpus-survey';
import { UsageError } from '../failure';
import { grouped } from '../quantities';
import { readRunFile } from '../run/run-file';
import { SOURCE_HELP, sourceOptions, sourcesOf } from './source-options';
import { groupRejected } from '../../report/run-corpus';

const help = `ced corpus TABLE [TABLE…] [options]
ced corpus RUN.json [options]

Checks a corpus: every row, every clip read and decoded as a run would. Prints clips, hours and labels of each split, what was rejected and why,
clips that hold the same audio, and training clips that a run is scored on. Exits with 1 when a run would refuse the corpus.

A TABLE is JSONL, CED's TSV or WebDataset shards with a brace pattern, in a folder, gs:// or https://. More than one: name them, as in
train=a.jsonl eval=b.jsonl. A RUN.json brings its own tables and vocabulary.

  --vocabulary CSV        classes in AudioSet's columns index,mid,display_name (default: the labels that the tables use)
  --root DIR              where relative paths start (default: current folder)
  --type TYPE             distill or teach: what RUN.json is for (default distill)
  --max-rejected F        share of rejected clips to accept (default 0.01, or the run file's)
  --allow-overlap         accept training clips that stand in validation or eval too
${SOURCE_HELP}
  --json                  print one JSON object
  --help                  this text`;

const options = {
  vocabulary: { type: 'string' },
  root: { type: 'string' },
  type: { type: 'string' },
  'max-rejected': { type: 'string' },
  'allow-overlap': { type: 'boolean' },
  ...sourceOptions,
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'check a corpus: clips, hours, labels, rejects',
  help,
  async run(argv) {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const root = resolve(values.root ?? '.');
    const sources = sourcesOf(values);
    const given = tablesOf(positionals, values.type ?? 'distill');
    const vocabularyPath = values.vocabulary ?? given.vocabulary;
    const vocabulary =
      vocabularyPath === undefined ? null : await readVocabulary({ root, sources }, vocabularyPath);
    const maxRejected =
      values['max-rejected'] === undefined ? given.maxRejected : fractionOf(values['max-rejected']);
    const { splits, content } = await surveyCorpus(given.tables, {
      root,
      sources,
      vocabulary,
      onProgress: liveCount(),
    });
    const problems = splits.flatMap((split) => refusal(split, maxRejected));
    if (content.overlaps.count > 0 && !values['allow-overlap'])
      problems.push(
        `train: ${content.overlaps.count} clips hold the very audio that a run is scored on: ${namesOf(content.overlaps)}`,
      );
    const summaries = splits.map((split) => ({
      ...summary(split),
      duplicates: content.duplicates[split.split],
    }));
    if (values.json)
      process.stdout.write(
        `${JSON.stringify({ splits: summaries, overlaps: content.overlaps, problems }, null, 2)}\n`,
      );
    else
      process.stdout.write(
        [...summaries.map(describe), ...problems.map((problem) => `refused: ${problem}`), ''].join(
          '\n',
        ),
      );
    return problems.length === 0 ? 0 : 1;
  },
};

function tablesOf(
  positionals: string[],
  type: string,
): { tables: Partial<Record<Split, string>>; vocabulary?: string; maxRejected: number } {
  const [first] = positionals;
  if (first === undefined)
    throw new UsageError('ced corpus: expected a table or a run file; see ced corpus --help');
  if (first.endsWith('.json') && positionals.length === 1) {
    if (type !== 'distill' && type !== 'teach')
      throw new UsageError(`--type ${type}: expected distill or teach`);
    const {
      train,
      validation,
      eval: evaluation,
      vocabulary,
      maxRejected,
    } = readRunFile(first, type).corpus;
    return {
      tables: {
        train,
        ...(validation ? { validation } : {}),
        ...(evaluation ? { eval: evaluation } : {}),
      },
      vocabulary,
      maxRejected,
    };
  }
  const tables: Partial<Record<Split, string>> = {};
  for (const positional of positionals) {
    const [, split = 'train', table = positional] =
      /^(train|validation|eval)=(.+)$/s.exec(positional) ?? [];
    if (tables[split as Split] !== undefined)
      throw new UsageError(
        `ced corpus: two tables for ${split}; name them, as in train=a.jsonl eval=b.jsonl`,
      );
    tables[split as Split] = table;
  }
  return { tables, maxRejected: 0.01 };
}

function fractionOf(text: string): number {
  const fraction = Number(text);
  if (!(fraction >= 0 && fraction <= 1))
    throw new UsageError(`--max-rejected ${text}: expected a fraction between 0 and 1`);
  return fraction;
}

function refusal({ split, read, rejected }: SplitSurvey, maxRejected: number): string[] {
  const total = read + rejected.length;
  if (read === 0) return [`${split}: no clip can be used`];
  return rejected.length / total > maxRejected
    ? [
        `${split}: ${rejected.length} of ${total} clips are rejected, more than ${maxRejected} of them`,
      ]
    : [];
}

function summary(survey: SplitSurvey) {
  const { split, table, read, seconds, labelled, classes, rejected, notes } = survey;
  const total = seconds.reduce((sum, one) => sum + one, 0);
  const used = classes.filter(({ clips }) => clips > 0);
  return {
    split,
    table,
    clips: read,
    hours: total / 3600,
    shortestSeconds: read === 0 ? null : seconds.reduce((least, one) => Math.min(least, one)),
    longestSeconds: read === 0 ? null : seconds.reduce((most, one) => Math.max(most, one)),
    labelled,
    classes: used.length,
    emptyClasses: classes.length - used.length,
    labels: Object.fromEntries(used.map(({ name, clips }) => [name, clips])),
    rejected: groupRejected(rejected).map(({ kind, count, examples }) => ({
      kind,
      count,
      examples: examples.map(({ clip, reason }) => ({ clip, reason })),
    })),
    notes,
  };
}

type Summary = ReturnType<typeof summary> & { duplicates: { count: number } };

function describe({
  split,
  table,
  clips,
  hours,
  shortestSeconds,
  longestSeconds,
  labelled,
  classes,
  emptyClasses,
  labels,
  rejected,
  notes,
  duplicates,
}: Summary): string {
  const names = Object.entries(labels);
  const most = names.slice(0, 5).map(([name, count]) => `${name} ${grouped(count)}`);
  const least = names
    .slice(5)
    .slice(-3)
    .map(([name, count]) => `${name} ${grouped(count)}`);
  return [
    `${split}: ${table}`,
    `  clips     ${grouped(clips)}, ${hours.toFixed(hours < 10 ? 2 : 0)} hours${clips === 0 ? '' : `, ${shortestSeconds?.toFixed(1)} to ${longestSeconds?.toFixed(1)} s`}`,
    `  labels    ${labelled === 0 ? 'none' : `${grouped(labelled)} clips labelled, ${classes} classes${emptyClasses === 0 ? '' : `, ${emptyClasses} more without a clip`}`}`,
    ...(most.length === 0
      ? []
      : [`            ${[...most, ...(least.length === 0 ? [] : ['…', ...least])].join(', ')}`]),
    ...(duplicates.count === 0
      ? []
      : [`  same      ${grouped(duplicates.count)} clips hold the same audio as another`]),
    `  rejected  ${grouped(rejected.reduce((sum, { count }) => sum + count, 0))}`,
    ...rejected.map(
      ({ kind, count, examples }) =>
        `            ${grouped(count)} ${kind}, e.g. ${examples[0]?.clip}: ${examples[0]?.reason}`,
    ),
    ...notes.map((note) => `  note      ${note}`),
  ].join('\n');
}

/** On standard error, and only for somebody who watches. */
function liveCount(): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  return (done, total) =>
    process.stderr.write(
      done === total ? '\r\x1b[K' : `\r${grouped(done)} of ${grouped(total)} clips read`,
    );
}
