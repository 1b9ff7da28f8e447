/**
 * Waits for a shard that another run is computing, on the workflow's timer and without a GPU slot,
 * and asks again: for what that run stored, or for the work itself when it was cancelled or killed.
 * No timer is started for a shard that nobody else needs.
 */
import type { LeaseWait, LogitsBusy } from './contract/activities';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * @param ask tells the activity what was waited for
 * @param wait sleeps, and stays asleep while the run is paused
 */
export async function whenFree<T extends object>(
  ask: (waited: LeaseWait | undefined) => Promise<T | LogitsBusy>,
  wait: (ms: number) => Promise<unknown>,
): Promise<T> {
  let waited: LeaseWait | undefined;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    const answer = await ask(waited);
    if (!('busy' in answer)) return answer;
    const { logitsKey, lease, leftMs } = answer.busy;
    // Not beyond its end: an abandoned shard is taken over soon.
    const ms = Math.ceil(Math.max(FIRST_PAUSE_MS, Math.min(pauseMs, leftMs)));
    await wait(ms);
    waited = { logitsKey, lease, forMs: (waited?.lease === lease ? waited.forMs : 0) + ms };
  }
}
