/** A survey of logits, and one clip's views, as text. Pure. */
import { counted } from '../../ced/counted';
import { csvField } from '../../ced/csv-field';
import type { ClipLogits, ClipView } from './clip-logits';
import type { TeacherPair } from '../../ced/metrics/teacher-agreement';
import type { LogitsSurvey, TeacherSurvey } from './logits-survey';
import { alignedTable } from '../aligned-table';
import { bytes, grouped } from '../quantities';

export function surveyText(survey: LogitsSurvey): string {
  const { key, shards, rowsPlanned, rowsWritten, views, topK, rowsRead, shardsRead, entropyBits } =
    survey;
  const columns = Object.entries(survey.bytesPerRow).sort((a, b) => b[1] - a[1]);
  const total = columns.reduce((sum, [, size]) => sum + size, 0);
  const facts: [string, string][] = [
    [
      'rows',
      `${grouped(rowsWritten)} written of ${grouped(rowsPlanned)} planned, ` +
        `in ${grouped(shards)} shards of together ${bytes(survey.bytes)}`,
    ],
    ['a row', `top ${topK} of one of ${views} views of a chunk`],
    [
      'bytes a row',
      `${total.toFixed(2)}: ` +
        columns.map(([column, size]) => `${columnName(column)} ${size.toFixed(2)}`).join(', '),
    ],
    ['entropy', `${entropyBits.toFixed(2)} bits a row, summed over its stored classes`],
    ['classes', topClasses(survey)],
    ...(survey.published ? [['teachers', "the paper's, as published"] as [string, string]] : []),
    ...survey.teachers.map((teacher): [string, string] => ['teacher', teacherText(teacher)]),
    ...survey.agreement.map((pair): [string, string] => [
      'agreement',
      agreementText(pair, survey.teachers),
    ]),
  ];
  if (shardsRead < shards)
    facts.push([
      'read',
      `bytes, entropy and classes are of ${grouped(rowsRead)} rows in ${shardsRead} shards; ` +
        '--shards N reads more',
    ]);
  return [`logits ${key}`, ...facts.map(([name, value]) => `  ${name.padEnd(11)}  ${value}`)].join(
    '\n',
  );
}

function columnName(column: string): string {
  if (column === 'i') return 'class numbers';
  return column === 'p' ? 'probabilities' : column;
}

function topClasses({ topClasses: classes }: LogitsSurvey): string {
  return classes
    .map(
      ({ name, index, mean, share }) =>
        `${csvField(name ?? String(index))} ${mean.toFixed(3)} ` +
        `(first in ${(100 * share).toFixed(1)} %)`,
    )
    .join(', ');
}

function teacherText({ name, sha256, share, frontEnd, scores }: TeacherSurvey): string {
  const scored = scores.map(({ mAP, clips }) => {
    const score = mAP === null ? 'no labels' : `mAP ${mAP.toFixed(3)}`;
    return `${score} on ${counted(clips, 'clip', 'clips')}`;
  });
  return [
    name ?? sha256.slice(0, 12),
    `${(100 * share).toFixed(1)} %`,
    `input ${frontEnd}`,
    scored.join(' and ') || 'not scored',
  ].join(', ');
}

function agreementText(
  { between, topMatch, meanDifference }: TeacherPair,
  teachers: readonly TeacherSurvey[],
): string {
  const names = between.map(
    (teacher) => teachers[teacher]?.name ?? teachers[teacher]?.sha256.slice(0, 12) ?? teacher,
  );
  return (
    `${names.join(' and ')} have the same first class in ` +
    `${(100 * topMatch).toFixed(1)} % of rows, and differ by ${meanDifference.toFixed(4)} a class`
  );
}

export function clipText({ key, clip, views }: ClipLogits): string {
  const header = ['chunk', 'view', 'shift', 'frames', 'mel bins', 'tags'];
  const rows = views.map((view) => [
    String(view.chunk),
    String(view.view),
    view.shift === 0 ? '–' : grouped(view.shift),
    span(view.timeMask),
    span(view.freqMask),
    view.tags
      .map(
        ({ name, index, probability }) =>
          `${csvField(name ?? String(index))} ${probability.toFixed(3)}`,
      )
      .join(', '),
  ]);
  const lines = alignedTable([header, ...rows], (column) => column < header.length - 1);
  return [`clip ${clip} in logits ${key}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Half-open: `12–40` masks 12 … 39. */
function span({ start, width }: ClipView['timeMask']): string {
  return width === 0 ? '–' : `${start}–${start + width}`;
}
