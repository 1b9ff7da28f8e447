/**
 * The table that a run ends with: models with parameters and eval mAP, size of the logits, minutes
 * per stage, places of the results. Pure.
 */
import { counted } from '../../ced/counted';
import type { RunResult } from '../../workflows/contract/activities';
import { describeRung } from '../../workflows/contract/halving';
import { alignedTable } from '../aligned-table';
import { knownParameters, sumOfParameters } from '../../ced/teachers/known-parameters';
import { bytes, grouped, millions } from '../quantities';

export interface ResultPlaces {
  result: string;
  report: string;
}

type Fact = [name: string, value: string];

export function resultTable(result: RunResult, places: ResultPlaces): string {
  const facts: Fact[] = [
    ...agreementFacts(result),
    ...logitsFact(result),
    ...rejectedFact(result),
    ...selectionFact(result),
    ...(result.halving ?? []).map((rung): Fact => ['halving', describeRung(rung)]),
    ...(result.promotion ? [['champion', result.promotion.says] as Fact] : []),
    ...costFact(result),
    ['minutes', minutesPerStage(result)],
    ['result', places.result],
    ['report', places.report],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    ...modelRows(result),
    '',
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
  ].join('\n');
}

function modelRows({ teachers: listed, ensemble, students, logits }: RunResult): string[] {
  const header = ['model', 'parameters', 'eval mAP', 'of the ensemble'];
  const score = (mAP: number | null): string => (mAP === null ? '–' : mAP.toFixed(3));
  const size = (count: number | null): string => (count === null ? '–' : millions(count));
  // `teach` has no ensemble to compare its models with, and lists them in both places.
  const isTeach = logits === null;
  const teachers = isTeach ? [] : listed;
  const kind = isTeach ? 'teacher' : 'student';
  const rows = [
    ...teachers.map(({ name, parameters, mAP }) => [
      `teacher ${name}`,
      size(knownParameters(parameters)),
      score(mAP),
      '',
    ]),
    ...(teachers.length === 0
      ? []
      : [['ensemble', size(sumOfParameters(teachers)), score(ensemble.mAP), '']]),
    ...students.map(({ name, parameters, mAP }) => [
      `${kind} ${name}`,
      millions(parameters),
      score(mAP),
      share(mAP, ensemble.mAP),
    ]),
  ];
  const columns = teachers.length === 0 ? 3 : 4;
  return alignedTable(
    [header, ...rows].map((cells) => cells.slice(0, columns)),
    (column) => column > 0,
  );
}

function share(part: number | null, whole: number | null): string {
  return part === null || whole === null || whole === 0 ? '–' : percent(part / whole);
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** Agreement with the ensemble, the only measure of a student on unlabelled clips. */
function agreementFacts({ students }: RunResult): Fact[] {
  return students.flatMap(({ name, mAP, agreement }): Fact[] => {
    if (mAP !== null || agreement === null) return [];
    const { topMatch, divergence } = agreement;
    return [
      [
        'agreement',
        `${name}: same top class in ${percent(topMatch)} of the clips, ` +
          `divergence ${divergence.toFixed(4)}`,
      ],
    ];
  });
}

function logitsFact({ logits }: RunResult): Fact[] {
  if (logits === null) return [];
  const { rows, views, pcmBytes } = logits;
  const size = `${bytes(logits.bytes)} in ${grouped(rows)} rows of ${views} views`;
  return [
    [
      'logits',
      `${size}: ${share(logits.bytes, pcmBytes)} of the audio's ${bytes(pcmBytes)} of PCM`,
    ],
  ];
}

function rejectedFact({ rejected }: RunResult): Fact[] {
  return rejected === 0 ? [] : [['rejected', `${grouped(rejected)} clips, named in the report`]];
}

/** Where other runs made some of it: the minutes of this run alone would flatter. */
function costFact({ cost, stages }: RunResult): Fact[] {
  if (!cost || cost.seconds <= totalSeconds(stages)) return [];
  const minutes = `${(cost.seconds / 60).toFixed(1)} minutes of work`;
  return [['cost', cost.runs.length === 1 ? minutes : `${minutes} in ${cost.runs.length} runs`]];
}

function selectionFact({ selection }: RunResult): Fact[] {
  if (!selection) return [];
  const left = counted(selection.clips, 'training clip', 'training clips');
  return [['selection', `${left} left out by ${selection.activity}`]];
}

function minutesPerStage({ stages }: RunResult): string {
  const minutes = (seconds: number): string => (seconds / 60).toFixed(1);
  return [
    ...stages.map(({ name, seconds }) => `${name} ${minutes(seconds)}`),
    `all ${minutes(totalSeconds(stages))}`,
  ].join(' · ');
}

function totalSeconds(stages: RunResult['stages']): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}
