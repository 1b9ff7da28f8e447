/**
 * Repeats an activity that found damaged objects in the store, after they have been made again. In
 * a run with an undamaged store it does nothing.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { STORE_DAMAGED, type Damage } from './contract/damage';

/** A store damaged yet again is on a broken disk: the run ends with the activity's failure. */
export const MAX_REPAIRS = 5;

/** Makes a damaged object of the store again, with the same bytes. */
export type Repair = (damage: Damage) => Promise<unknown>;

export async function withRepair<T>(activity: () => Promise<T>, repair: Repair): Promise<T> {
  for (let repairs = 0; ; repairs++) {
    try {
      return await activity();
    } catch (error) {
      const damages = damagesOf(error);
      if (damages === null || repairs === MAX_REPAIRS) throw error;
      for (const damage of damages) await repair(damage);
    }
  }
}

/** null for a failure of another kind. */
export function damagesOf(error: unknown): Damage[] | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure))
    return null;
  return error.cause.type === STORE_DAMAGED ? ((error.cause.details?.[0] ?? []) as Damage[]) : null;
}
