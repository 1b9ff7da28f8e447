/** The text of `npm run study -- --plan`. Pure. */
import { alignedTable } from '../../cli/aligned-table';
import { duration, grouped } from '../../cli/quantities';
import { wrapText } from '../../infra/wrap-text';
import { stepsOf } from './base-run';
import type { Compared } from './evidence';
import { minutesOfRuns } from './missing-runs';
import type { PlannedComparison, PlannedQuestion, StudyPlan } from './plan';
import { PLANNED_DIFFERENCE, POWER, stepsToReach, type Reached } from './power';
import { LOOKS, MOST_SEEDS } from './sequential-test';
import { SMALLEST_THAT_MATTERS, summarise } from './statistics';

const PERCENT = `${100 * POWER} %`;
/** Of its ensemble: a student so close is limited by its teachers. */
const NEAR = 0.95;

const HEADER = [
  'arm',
  'seeds',
  'difference',
  'sd of seeds',
  `for ${PLANNED_DIFFERENCE}`,
  'by look',
  'missing',
  'sd of clips',
  'clips',
  'finding',
];

/** @param lanes runs at the same time */
export function describePlan(plan: StudyPlan, lanes: number): string {
  const cost = (questions: readonly PlannedQuestion[]): string => {
    const minutes = minutesOfRuns(questions);
    if (minutes === null) return 'the clips it trains on are not known';
    if (minutes === 0) return 'nothing is left to train';
    return `${duration((60 * minutes) / lanes)} of training on ${lanes} at a time`;
  };
  const sections = plan.questions.map((each) => {
    const table = alignedTable([HEADER, ...each.comparisons.map(cells)], (column) => column > 0);
    return [
      `${each.question.id}: ${each.question.title}: ${each.outcome}`,
      ...table.map((row) => `  ${row}`),
      `  ${cost([each])}${scoredOn(each)}`,
      '',
    ].join('\n');
  });
  return `${explanation(plan)}\n\n${sections.join('\n')}
All of it, each run once: ${cost(plan.questions)}.
${wrapText(learning(plan))}
`;
}

function scoredOn({ evalClips }: StudyPlan['questions'][number]): string {
  return evalClips === null ? '' : `; ${grouped(evalClips)} evaluation clips`;
}

function explanation({ source }: StudyPlan): string {
  const from =
    source === 'store'
      ? 'From the results in the store. '
      : 'From the seeds that docs/results shows, as the store has no results: what evaluation ' +
        'clips add is not known without their scores. ';
  return wrapText(
    `${from}Differences are taken within a seed. "for ${PLANNED_DIFFERENCE}": seeds with which ` +
      `a single t-test of 95 % finds that difference with ${PERCENT}; "by look": the look ` +
      `(${LOOKS.join(', ')} seeds) at which the study's sequential test does. "missing": seeds ` +
      'until the comparison is decided if its difference stays as it is. "sd of clips": what the ' +
      'choice of evaluation clips adds to the difference, by bootstrap; "clips": as many as make ' +
      `that ${PLANNED_DIFFERENCE / 2}. "finding": of the last look, with half its interval; ` +
      'behind the title what the looks so far say of the question. Trainings that were never ' +
      'run are estimated from their operations, at the speed of those that were; models that an ' +
      'arm needs are counted where they are missing.',
  );
}

function cells({
  arm,
  pairs,
  mean,
  deviation,
  missing,
  compared,
  seeds,
  look,
  clipError,
  clips,
}: PlannedComparison): string[] {
  const shown = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
  const isKnown = deviation !== null;
  return [
    arm.id,
    String(pairs.length),
    shown(mean),
    shown(deviation),
    seeds === null ? '–' : String(seeds),
    look === null ? (isKnown ? `> ${MOST_SEEDS}` : '–') : String(look),
    missing === 'more'
      ? `> ${MOST_SEEDS - pairs.length}`
      : missing === 'unknown'
        ? '–'
        : String(missing),
    shown(clipError?.deviation ?? null),
    clips === null ? '–' : String(clips),
    found(compared),
  ];
}

/** With half the interval of the last look. */
function found({ difference, finding }: Compared): string {
  const half = difference?.halfWidth ?? null;
  const short = finding.replace('within the ', '').replace('smaller than', '<');
  return half === null ? '–' : `${short} ±${half.toFixed(3)}`;
}

/** How many steps bring the base near its ensemble, from its two lengths. */
function learning({ questions, ensembleMAP }: StudyPlan): string {
  const reached = ['base', 'long'].map((id): Reached | null => {
    const found = questions.find(({ question }) => question.reference.id === id);
    const scores = found?.comparisons[0]?.pairs.map(([reference]) => reference) ?? [];
    const made = found?.question.reference.make(1, null);
    if (made?.type !== 'distill' || scores.length === 0) return null;
    return { steps: stepsOf(made.run), mAP: summarise(scores).mean };
  });
  const [short, long] = reached;
  if (!short || !long || ensembleMAP === null)
    return 'Steps: not known before the base and its longer training have results.';
  const steps = stepsToReach(NEAR, ensembleMAP, [short, long]);
  const share = ({ mAP }: Reached): string => `${Math.round((100 * mAP) / ensembleMAP)} %`;
  return (
    `Steps: the base reaches ${share(short)} of its ensemble in ${short.steps} steps and ` +
    `${share(long)} in ${long.steps}. ` +
    (steps === null
      ? 'Longer trainings did not bring it nearer.'
      : `If the gap goes on closing like this, ${100 * NEAR} % take ${steps} steps, ` +
        `${(steps / short.steps).toFixed(1)} times as long a training. Differences under ` +
        `${SMALLEST_THAT_MATTERS} between students that are still far from their teachers say ` +
        'little of trained ones.')
  );
}
