/**
 * Single flight: the process that computes a logit shard writes `logits/<key>/<audio shard>.lease`
 * beside it and renews it meanwhile; other processes try again later. Two processes may compute the
 * same shard without harm: the first commit counts. A lease only saves work: wrong clocks and lost
 * leases cost double work, never wrong bytes.
 *
 * Objects are created once and the store swaps none, so an expired lease is not replaced: its
 * successor has a name that contains the token of the expired lease, and only one of many processes
 * can create it.
 */
import { randomUUID } from 'node:crypto';
import type { LeaseWait, LogitsBusy } from '../workflows/contract/activities';
import { z } from 'zod';
import { layout } from './layout';
import { decodeRecord, record, RecordDamaged, type RecordOf } from './record';
import { ContentDiffers, encodeJson, sha256, type Store } from './store';

/** How long a lease outlives its owner's last word. */
const LEASE_MS = 60_000;

export const leaseRecord = record(
  'lease',
  1,
  z.object({
    /**
     * The activity at work, whatever its attempt: a retry takes over from its own predecessor at
     * once.
     */
    owner: z.string(),
    /** Part of the key of the lease that succeeds this one. */
    token: z.string().regex(/^[\w-]+$/),
    /** Wall clock of the owner. */
    expiresMs: z.number(),
    durationMs: z.number(),
  }),
);
type LeaseRecord = RecordOf<typeof leaseRecord>;

export interface LeaseTerms {
  /** @default a new owner */
  owner?: string | undefined;
  /** What the caller waited for since it last asked. */
  waited?: LeaseWait | undefined;
  /** Wall clock, milliseconds. */
  nowMs?: () => number;
  durationMs?: number;
}

/** Another activity is computing the shard. */
export class ShardBusy extends Error {
  constructor(readonly answer: LogitsBusy) {
    super(`logits/${answer.busy.logitsKey}: another run is computing this shard`);
    this.name = 'ShardBusy';
  }
}

export class ShardLease {
  private lost = false;
  private renewedMs: number;
  private calledMs: number;
  private slowestMs = 0;

  private constructor(
    private readonly store: Store,
    /** This lease's object, then those that it succeeds. */
    private readonly keys: readonly string[],
    private record: LeaseRecord,
    private readonly nowMs: () => number,
  ) {
    this.renewedMs = this.calledMs = nowMs();
  }

  /** @throws {ShardBusy} */
  static async take(
    store: Store,
    logitsKey: string,
    audioSha256: string,
    terms: LeaseTerms = {},
  ): Promise<ShardLease> {
    const { owner = randomUUID(), nowMs = Date.now, durationMs = LEASE_MS } = terms;
    const token = randomUUID();
    for (;;) {
      const over = await leasesOver(store, logitsKey, audioSha256, { ...terms, owner });
      const [last] = over;
      const key = layout.logitsLease(logitsKey, audioSha256, last?.record.token);
      const record = { owner, token, expiresMs: nowMs() + durationMs, durationMs };
      try {
        await store.create(key, encodeJson(record));
        return new ShardLease(store, [key, ...over.map((each) => each.key)], record, nowMs);
      } catch (error) {
        // Another owner was faster: look again.
        if (!(error instanceof ContentDiffers)) throw error;
      }
    }
  }

  /** To be called after every step; writes when a quarter of the lease is used. */
  async renew(): Promise<void> {
    const nowMs = this.nowMs();
    this.slowestMs = Math.max(this.slowestMs, nowMs - this.calledMs);
    this.calledMs = nowMs;
    if (this.lost || nowMs - this.renewedMs < this.record.durationMs / 4) return;
    this.renewedMs = nowMs;
    // A step may be slower than a lease is long: it is not taken for an end twice.
    const durationMs = Math.max(this.record.durationMs, 4 * this.slowestMs);
    const next = { ...this.record, durationMs, expiresMs: nowMs + durationMs };
    try {
      this.lost = !(await this.isMine());
      if (this.lost) return;
      await this.store.replace(this.keys[0]!, encodeJson(next));
      this.record = next;
    } catch {
      // A store that fails now is met again at the commit, which decides.
    }
  }

  /** Hands the shard over at once, whatever became of it. What cannot be removed expires. */
  async release(): Promise<void> {
    if (this.lost || !(await this.isMine().catch(() => false))) return;
    for (const key of this.keys) await this.store.remove(key).catch(() => undefined);
  }

  private async isMine(): Promise<boolean> {
    return (await readLease(this.store, this.keys[0]!))?.token === this.record.token;
  }
}

/**
 * The leases of a shard that are over, newest first; a new one may succeed them.
 * @throws {ShardBusy} when one is not over
 */
export async function leasesOver(
  store: Store,
  logitsKey: string,
  audioSha256: string,
  { owner, waited, nowMs = Date.now }: LeaseTerms,
): Promise<{ key: string; record: LeaseRecord }[]> {
  const over: { key: string; record: LeaseRecord }[] = [];
  for (;;) {
    const key = layout.logitsLease(logitsKey, audioSha256, over[0]?.record.token);
    const record = await readLease(store, key);
    if (record === null) return over;
    const leftMs = record.expiresMs - nowMs();
    const lease = `${record.token}/${record.expiresMs}`;
    // By the waiter's own clock too: a clock that is ahead would lend for ever.
    const unchanged =
      waited !== undefined && waited.lease === lease && waited.forMs >= record.durationMs;
    if (leftMs > 0 && record.owner !== owner && !unchanged)
      throw new ShardBusy({
        busy: { logitsKey, lease, leftMs: Math.min(leftMs, record.durationMs) },
      });
    over.unshift({ key, record });
  }
}

/** Whether a lease is held, by the wall clock. */
export async function isHeld(store: Store, key: string, nowMs: number): Promise<boolean> {
  return ((await readLease(store, key))?.expiresMs ?? 0) > nowMs;
}

/** Damaged leases read as leases that are over. */
async function readLease(store: Store, key: string): Promise<LeaseRecord | null> {
  const bytes = await store.read(key);
  if (bytes === null) return null;
  try {
    return decodeRecord(store, key, leaseRecord, bytes).value;
  } catch (error) {
    if (!(error instanceof RecordDamaged)) throw error;
    return { owner: '', token: sha256(bytes), expiresMs: 0, durationMs: 0 };
  }
}
