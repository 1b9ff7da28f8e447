/** Writes `docs/results.md` from the evidence of finished runs. Pure. */
import { bytes, millions } from '../../cli/quantities';
import { wrapText } from '../../infra/wrap-text';
import type { ArmEvidence, ComparisonEvidence, Evidence } from './evidence';
import { LOOKS, MOST_SEEDS } from './sequential-test';
import type { PublishedQuestion } from './published-scores';
import { SMALLEST_THAT_MATTERS, type Difference, type Summary } from './statistics';

export interface PageFacts {
  readonly seeds: readonly number[];
  readonly hardware: string;
  readonly evalClips: number;
  readonly ensemble: { name: string; parameters: number | null; mAP: number | null }[];
  readonly ensembleMAP: number | null;
  /** By arm id. */
  readonly prefixBytes: ReadonlyMap<string, number>;
  readonly trainingMinutes: number;
  readonly leftOut: readonly string[];
  /** What the page said before of questions of which this store compares nothing, by id. */
  readonly published: ReadonlyMap<string, PublishedQuestion>;
}

/** @param plotOf path of a question's plot, from docs/ */
export function resultsPage(
  evidence: readonly Evidence[],
  facts: PageFacts,
  plotOf: (questionId: string) => string,
): string {
  const { seeds, hardware, evalClips, ensemble, ensembleMAP, trainingMinutes, leftOut, published } =
    facts;
  const members = ensemble.map(
    ({ name, parameters, mAP }) =>
      `${name} (${parameters === null ? '–' : millions(parameters)}, ${number(mAP)})`,
  );
  const intro = [
    'Written by `npm run study` from the results of ordinary runs of the pipeline; only the ' +
      "paper's claims and the comments on claims that are not confirmed are written by hand.",
    `Up to ${seeds.length} seeds. A value is the mean ± the sample standard deviation over the ` +
      'seeds that were run. A difference is taken within a seed, over the seeds of both sides, ' +
      `after ${LOOKS.join(', ')} of them. Its interval is Student's t, wider than for a single ` +
      'look: the intervals of all looks hold together with 95 %. It is higher or lower when the ' +
      `interval leaves out 0, and smaller than ${SMALLEST_THAT_MATTERS} when it stays within ` +
      `that; then the arm gets no further seeds. A reference expected to be not lower may be ` +
      `lower by less than ${SMALLEST_THAT_MATTERS}. ` +
      `${Math.round(trainingMinutes)} minutes of training on ${hardware}, as many at once as ` +
      'there are cores.',
    `Training clips come from one bank of sampled instruments, the ${evalClips} evaluation ` +
      'clips from another that shares no recording with it. Teachers: ' +
      `${members.join(', ')}; together ${number(ensembleMAP)} eval mAP.`,
    ...(published.size === 0
      ? []
      : [
          `${published.size} of the ${evidence.length} questions were run before, in another ` +
            'store. Their sections stand as they were written then.',
        ]),
  ];
  return `# Results

${intro.map((paragraph) => wrapText(paragraph)).join('\n\n')}

| question | the paper | here |
| --- | --- | --- |
${evidence.map((each) => published.get(each.question.id)?.row ?? overviewRow(each)).join('\n')}
${leftOut.length === 0 ? '' : `\n${wrapText(`Left out: ${leftOut.join('; ')}.`)}\n`}
${evidence
  .map(
    (each) =>
      published.get(each.question.id)?.section ?? section(each, facts, plotOf(each.question.id)),
  )
  .join('\n')}`;
}

function overviewRow({ question: { title, claim }, outcome }: Evidence): string {
  return `| [${title}](#${anchor(title)}) | ${claim} | **${outcome}** |`;
}

function section(
  { question, reference, comparisons, outcome }: Evidence,
  facts: PageFacts,
  plot: string,
): string {
  const measured = question.measure === 'mAP' ? 'eval mAP' : 'same top class';
  const header = [
    'arm',
    'parameters',
    measured,
    'reference − arm',
    'finding',
    'minutes',
    ...(question.bytes ? ['logits'] : []),
  ];
  const cells = (arm: ArmEvidence, comparison: ComparisonEvidence | null): string[] => [
    runFileLink(arm),
    arm.parameters === null ? '–' : millions(arm.parameters),
    spread(arm.score),
    comparison === null ? '(reference)' : gap(comparison.difference),
    comparison === null ? '' : findingCell(comparison),
    arm.minutes === null ? '–' : arm.minutes.toFixed(1),
    ...(question.bytes ? [sizeOf(facts.prefixBytes.get(arm.arm.id))] : []),
  ];
  const rows = [
    cells(reference, null),
    ...comparisons.map((comparison) => cells(comparison, comparison)),
  ];
  const comment = ['agrees', 'measured', 'not run yet'].includes(outcome)
    ? ''
    : ` ${question.otherwise}`;
  const summary = `${question.claim} **Here: ${outcome}.**${comment}`;
  return `## ${question.title}

${wrapText(summary)}

| ${header.join(' | ')} |
|${header.map((_, index) => (index === 0 || index === 4 ? ' --- |' : ' ---: |')).join('')}
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}
${reference.score === null ? '' : `\n![${question.title}](${plot})\n`}`;
}

function runFileLink({ arm, results }: ArmEvidence): string {
  return results.size === 0 ? arm.label : `[${arm.label}](results/run-files/${arm.id}.json)`;
}

const sizeOf = (size: number | undefined): string => (size === undefined ? '–' : bytes(size));
const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function spread(summary: Summary | null): string {
  if (summary === null) return '–';
  const { mean, deviation, count } = summary;
  return `${mean.toFixed(3)}${deviation === null ? '' : ` ± ${deviation.toFixed(3)}`} (${count})`;
}

function gap(difference: Difference | null): string {
  if (difference === null) return '–';
  const { mean, halfWidth } = difference;
  const size = `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(3)}`;
  return halfWidth === null ? size : `${size} ± ${halfWidth.toFixed(3)}`;
}

/** The finding, and while nothing is decided how many seeds are missing. */
function findingCell({ finding, missing }: ComparisonEvidence): string {
  if (missing === 0 || missing === 'unknown') return finding;
  const what =
    missing === 'more' ? `more than ${MOST_SEEDS} seeds needed` : `${missing} seeds missing`;
  return `${finding}; ${what}`;
}

/** The anchor that GitHub gives a heading. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
