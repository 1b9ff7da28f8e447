/**
 * Waits while another run computes a shard: on the workflow's timer, without a GPU slot. Then asks
 * again, for the result that run stored, or for the work itself if that run was cancelled or
 * killed. Starts no timer for a shard that no other run computes.
 */
import type { LeaseWait, LogitsBusy } from './contract/activities';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * @param request asks for the shard; its argument is the wait so far
 * @param wait sleeps, and does not return while the run is paused
 */
export async function whenFree<T extends object>(
  request: (waited: LeaseWait | undefined) => Promise<T | LogitsBusy>,
  wait: (ms: number) => Promise<unknown>,
): Promise<T> {
  let waited: LeaseWait | undefined;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    const answer = await request(waited);
    if (!('busy' in answer)) return answer;
    const { logitsKey, lease, leftMs } = answer.busy;
    // Not beyond the lease's end, so that an abandoned shard is taken over soon.
    const ms = Math.ceil(Math.max(FIRST_PAUSE_MS, Math.min(pauseMs, leftMs)));
    await wait(ms);
    waited = { logitsKey, lease, forMs: (waited?.lease === lease ? waited.forMs : 0) + ms };
  }
}
