import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShardBusy, ShardLease, type LeaseTerms } from '../../storage/shard-lease';
import { FolderStore } from '../../storage/folder-store';
import type { LogitsBusy } from '../../workflows/contract/activities';

const audio = 'a'.repeat(64);
const durationMs = 1000;
let folder: string;
let nowMs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ced-lease-'));
  nowMs = 1_000_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As another process would: its own door to the same folder. */
const take = (terms: LeaseTerms = {}): Promise<ShardLease> =>
  ShardLease.take(new FolderStore(folder), 'key', audio, {
    nowMs: () => nowMs,
    durationMs,
    ...terms,
  });
const busy = async (terms: LeaseTerms = {}): Promise<LogitsBusy['busy']> => {
  const refused: unknown = await take(terms).catch((error: unknown) => error);
  if (refused instanceof ShardBusy) return refused.answer.busy;
  throw new Error('it was not busy');
};
const leases = (): string[] => readdirSync(join(folder, 'logits/key'));

describe('the lease of a logit shard', () => {
  it('goes to one of many who want it at once; the others learn for how long', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => take()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await busy()).toMatchObject({ logitsKey: 'key', leftMs: durationMs });
  });

  it('is free again, without a trace, when it was released', async () => {
    await (await take()).release();
    expect(leases()).toEqual([]);
    await take();
  });

  it('lasts while it is renewed', async () => {
    const lease = await take();
    for (let step = 0; step < 8; step++) {
      nowMs += durationMs / 2;
      await lease.renew();
      await busy();
    }
  });

  it('goes to one of many once abandoned and expired, and then leaves no trace', async () => {
    await take();
    nowMs += durationMs - 1;
    expect((await busy()).leftMs).toBe(1);
    nowMs += 1;
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => take()));
    const taken = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    );
    expect(taken).toHaveLength(1);
    await busy();
    await taken[0]!.release();
    expect(leases()).toEqual([]);
  });

  it('is not removed by a former owner who comes back', async () => {
    const former = await take();
    nowMs += durationMs;
    await take();
    rmSync(join(folder, `logits/key/${audio}.lease`));
    await take();
    await former.release();
    await busy();
  });

  it('goes at once to a retry of the activity that holds it', async () => {
    await take({ owner: 'run/3' });
    await busy({ owner: 'run/4' });
    await take({ owner: 'run/3' });
  });

  it("expires by waiting without a renewal, though its owner's clock is a year ahead", async () => {
    const yearAhead = nowMs + 365 * 24 * 3_600_000;
    const owner = await take({ nowMs: () => yearAhead });
    const { lease, leftMs } = await busy();
    expect(leftMs).toBe(durationMs);
    await busy({ waited: { logitsKey: 'key', lease, forMs: durationMs - 1 } });
    await owner.release();
    await take({ nowMs: () => yearAhead });
    await busy({ waited: { logitsKey: 'key', lease, forMs: durationMs } });
    const second = await busy();
    await take({ waited: { logitsKey: 'key', lease: second.lease, forMs: durationMs } });
  });

  it('that is damaged counts as over', async () => {
    await take();
    writeFileSync(join(folder, `logits/key/${audio}.lease`), '{"owner":');
    await take();
    await busy();
  });
});
