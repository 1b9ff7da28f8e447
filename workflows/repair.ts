/**
 * Repeats an activity after what it found damaged in the store has been made again. Nothing happens
 * here in a run whose store is sound.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { STORE_DAMAGED, type Damage } from './contract/damage';

/**
 * A store that is damaged again after this many repairs stands on a broken disk: the run ends and
 * says so.
 */
const MOST_REPAIRS = 5;

export async function mending<T>(
  activity: () => Promise<T>,
  mend: (damage: Damage) => Promise<unknown>,
): Promise<T> {
  for (let repairs = 0; ; repairs++) {
    try {
      return await activity();
    } catch (error) {
      const damages = damagesOf(error);
      if (damages === null || repairs === MOST_REPAIRS) throw error;
      for (const damage of damages) await mend(damage);
    }
  }
}

function damagesOf(error: unknown): Damage[] | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure))
    return null;
  return error.cause.type === STORE_DAMAGED ? ((error.cause.details?.[0] ?? []) as Damage[]) : null;
}
