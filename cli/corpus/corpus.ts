/** `ced corpus TABLE`: reads and decodes a corpus as a run would, and prints what it holds. */
import { counted } from '../../ced/counted';
import { csvField } from '../../ced/csv-field';
import type { ChannelChoice } from '../../ced/audio/channels';
import { channelsOption } from '../channels-option';
import { resolve } from 'node:path';
import { namesOf } from '../../storage/corpus/content-index';
import { readVocabulary } from '../../activities/plan/read-vocabulary';
import { isVocabularyOfWorker, withClassList } from '../../workflows/contract/teacher-vocabulary';
import type { Split } from '../../workflows/contract/models';
import { commandLine } from '../../infra/command-line/command-line';
import { CLEAR_LINE, control } from '../../infra/command-line/terminal';
import { fraction, oneOf, text } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { sourceOptions, sourcesOf } from '../../workers/source-options';
import type { Command } from '../command';
import type { CorpusOutput } from './corpus-output';
import { surveyCorpus, type SplitSurvey } from './corpus-survey';
import { printJson } from '../print-json';
import { duration, grouped } from '../quantities';
import { readRunFile, tablesOf } from '../run/run-file';
import { groupRejected } from '../../report/run-corpus';

const DEFAULT_MAX_REJECTED = 0.01;

const line = commandLine({
  program: 'ced corpus',
  usage: 'TABLE… | RUN.json [options]',
  about: [
    'Checks a corpus: reads every row, and reads and decodes every clip as a run would. Prints ' +
      'clips, hours and labels of each split, rejected clips with the reason, clips with the ' +
      'same audio, and training clips that are in validation or eval too. Exit status 1 when a ' +
      'run would refuse the corpus.',
  ],
  operands: {
    rows: {
      TABLE:
        "JSONL, CED's TSV or WebDataset shards with a brace pattern, in a folder, gs://, s3:// " +
        'or https://. Name the split when there is more than one: train=a.jsonl eval=b.jsonl',
      'RUN.json': 'a run file, which names its own tables and vocabulary',
    },
    expected: 'a table or a run file',
    least: 1,
    most: Infinity,
  },
  options: {
    vocabulary: {
      value: 'CSV',
      is: text,
      shown: 'the labels in the tables',
      help: "classes in AudioSet's columns index,mid,display_name",
    },
    root: {
      value: 'DIR',
      is: text,
      default: '.',
      shown: 'the current folder',
      help: 'where relative paths start',
    },
    'audio-root': {
      value: 'DIR',
      is: text,
      shown: "each table's folder",
      help: 'where relative paths of audio in the tables start',
    },
    channels: channelsOption,
    type: {
      value: 'TYPE',
      is: oneOf('distill', 'teach'),
      default: 'distill',
      help: 'workflow that RUN.json is for',
    },
    'max-rejected': {
      value: 'F',
      is: fraction,
      shown: `${DEFAULT_MAX_REJECTED}, or the run file's`,
      help: 'share of rejected clips to accept',
    },
    'allow-overlap': { help: 'accept training clips that are in validation or eval too' },
    ...sourceOptions,
    json: { help: 'print one JSON object' },
  },
  examples: [
    'ced corpus data/train.jsonl',
    'ced corpus train=data/train.jsonl eval=gs://bucket/eval-{000..015}.tar --json',
    'ced corpus examples/instruments/distill.json',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) => await line.run(argv, checkCorpus),
};

type Options = NonNullable<ReturnType<typeof line.parse>>;

async function checkCorpus({ values, operands }: Options): Promise<number> {
  const root = resolve(values.root);
  const sources = sourcesOf(values, process.env);
  const given = corpusOf(operands, values.type);
  const path = values.vocabulary ?? given.vocabulary;
  const audioRoot = values['audio-root'] ?? given.audioRoot;
  const channels = values.channels ?? given.channels;
  const { splits, content } = await surveyCorpus(given.tables, {
    root,
    sources,
    ...(audioRoot === undefined ? {} : { audioRoot }),
    ...(channels === undefined ? {} : { channels }),
    ignoreTrainLabels: given.ignoresTrainLabels,
    vocabulary: path === undefined ? null : await readVocabulary({ root, sources }, path, null),
    onProgress: liveCount(),
  });
  const maxRejected = values['max-rejected'] ?? given.maxRejected;
  const problems = splits.flatMap((split) => refusal(split, maxRejected));
  const { count } = content.overlaps;
  if (count > 0 && !values['allow-overlap'])
    problems.push(
      'train: ' +
        counted(count, 'clip holds', 'clips hold') +
        ' the very audio that a run is scored on: ' +
        namesOf(content.overlaps),
    );
  const summaries = splits.map((split) => ({
    ...summary(split),
    duplicates: content.duplicates[split.split],
  }));
  const { overlaps } = content;
  if (values.json)
    printJson({ formatVersion: 1, splits: summaries, overlaps, problems } satisfies CorpusOutput);
  else
    for (const text of [...summaries.map(describe), ...problems.map((each) => `refused: ${each}`)])
      process.stdout.write(`${text}\n`);
  return problems.length === 0 ? 0 : 1;
}

interface GivenCorpus {
  tables: Partial<Record<Split, string>>;
  vocabulary?: string;
  audioRoot?: string;
  channels?: ChannelChoice;
  ignoresTrainLabels: boolean;
  maxRejected: number;
}

function corpusOf(operands: readonly string[], type: 'distill' | 'teach'): GivenCorpus {
  const [first = ''] = operands;
  if (first.endsWith('.json') && operands.length === 1) {
    const run = readRunFile(first, type);
    const { corpus } = 'students' in run ? withClassList(run) : run;
    const { vocabulary, maxRejected, audioRoot, channels } = corpus;
    const given = {
      ...(audioRoot === undefined ? {} : { audioRoot }),
      ...(channels === undefined ? {} : { channels }),
    };
    const ignoresTrainLabels = type === 'distill';
    // Only the worker of its teacher knows the classes: labels are those in the tables.
    const isKnown = !('students' in run && isVocabularyOfWorker(run));
    return {
      ...{ tables: tablesOf(run), maxRejected, ignoresTrainLabels, ...given },
      ...(isKnown ? { vocabulary } : {}),
    };
  }
  const tables: Partial<Record<Split, string>> = {};
  for (const operand of operands) {
    const [, split = 'train', table = operand] =
      /^(train|validation|eval)=(.+)$/s.exec(operand) ?? [];
    if (tables[split as Split] !== undefined)
      throw new UsageError(
        `ced corpus: two tables for ${split}; name them, as in train=a.jsonl eval=b.jsonl`,
      );
    tables[split as Split] = table;
  }
  return { tables, maxRejected: DEFAULT_MAX_REJECTED, ignoresTrainLabels: false };
}

function refusal({ split, read, rejected }: SplitSurvey, maxRejected: number): string[] {
  const total = read + rejected.length;
  if (read === 0) return [`${split}: no clip can be used`];
  return rejected.length / total > maxRejected
    ? [
        `${split}: ${rejected.length} of ${counted(total, 'clip is', 'clips are')} rejected, ` +
          `more than ${maxRejected} of them`,
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
  const most = names.slice(0, 5).map(([name, count]) => `${csvField(name)} ${grouped(count)}`);
  const least = names
    .slice(5)
    .slice(-3)
    .map(([name, count]) => `${csvField(name)} ${grouped(count)}`);
  const range =
    clips === 0 ? '' : `, ${shortestSeconds?.toFixed(1)} to ${longestSeconds?.toFixed(1)} s each`;
  const empty = emptyClasses === 0 ? '' : `, ${emptyClasses} more without a clip`;
  const counts =
    counted(labelled, 'clip', 'clips') +
    ` labelled, ${counted(classes, 'class', 'classes')}${empty}`;
  return [
    `${split}: ${table}`,
    `  clips     ${grouped(clips)}, ${duration(3600 * hours)}${range}`,
    `  labels    ${labelled === 0 ? 'none' : counts}`,
    ...(most.length === 0
      ? []
      : [`            ${[...most, ...(least.length === 0 ? [] : ['…', ...least])].join(', ')}`]),
    ...(duplicates.count === 0
      ? []
      : [
          '  same      ' +
            counted(duplicates.count, 'clip holds', 'clips hold') +
            ' the same audio as another',
        ]),
    `  rejected  ${grouped(rejected.reduce((sum, { count }) => sum + count, 0))}`,
    ...rejected.map(
      ({ kind, count, examples }) =>
        `            ${grouped(count)} ${kind}, e.g. ${examples[0]?.clip}: ${examples[0]?.reason}`,
    ),
    ...notes.map((note) => `  note      ${note}`),
  ].join('\n');
}

/** A count on standard error, on a terminal only. */
function liveCount(): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  return (done, total) => {
    control(process.stderr, CLEAR_LINE);
    if (done !== total) process.stderr.write(`${grouped(done)} of ${grouped(total)} clips read`);
  };
}
