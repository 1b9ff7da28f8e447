/** What a firing of a schedule says that found nothing new. */
import type { Plan } from './contract/activities';
import type { EarlierEvaluation, StandingChampion, Unchanged } from './contract/promotion';

/** @param champion as it stands now: it may have been rolled back since the earlier firing */
export function unchanged(
  run: string,
  plan: Pick<Plan, 'splits'>,
  earlier: EarlierEvaluation,
  champion: StandingChampion | null = null,
): Unchanged {
  const clips = Object.values(plan.splits).reduce((sum, split) => sum + (split?.clips ?? 0), 0);
  const says =
    `nothing has changed: ${clips} clips, teachers and settings are those of ` +
    `${earlier.workflowId}, where ${earlier.says}${champion ? `; ${standing(champion)}` : ''}`;
  return { run, outcome: 'unchanged', judged: earlier, says };
}

function standing({ entry, student, mAP, tookBack }: StandingChampion): string {
  const why = tookBack === undefined ? '' : `, after the rollback of ${tookBack}`;
  return `champion ${entry} stands${why}: ${student}, mAP ${mAP.toFixed(3)}`;
}
