/**
 * A shard that a worker predicts for long enough to be watched and cancelled. How long a worker
 * takes is unknown, so a shard that ends too early is followed by a longer one.
 */
import { CancelledFailure } from '@temporalio/common';
import { z } from 'zod';
import type { PredictShardInput } from '../../workflows/contract/teacher-worker';
import { schemaProblems } from '../../workflows/contract/schema-problems';
import type { CheckedTeacher } from './checked-teacher';
import type { MadeRow } from './made-audio';
import type { StartedCall } from './teacher-queue';

/** SDKs send heartbeats, and learn of cancellations, after at most 0.8 of the timeout. */
const HEARTBEAT_SECONDS = 20;
const WANTED_SECONDS = 60;
const [LEAST_ROWS, MOST_ROWS] = [64, 200_000];
const GROWTH = 8;

const detailsSchema = z.object({
  unit: z.literal('rows'),
  done: z.number().int().min(0),
  total: z.number().int(),
  perSecond: z.number(),
});

interface Running {
  call: StartedCall;
  request: PredictShardInput;
}

export class LongShard {
  private rows: number;
  private running: Running | null = null;

  constructor(
    private readonly teacher: CheckedTeacher,
    rowsPerSecond: number,
  ) {
    const wanted = Math.round(rowsPerSecond * WANTED_SECONDS);
    this.rows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, wanted));
  }

  /** @returns what was seen. @throws unless a heartbeat has the details of the contract */
  async heartbeat(): Promise<string> {
    const { request, details } = await this.watched();
    const parsed = detailsSchema.safeParse(details);
    if (!parsed.success)
      throw new Error(`details: ${schemaProblems(parsed.error, '(details)').join('; ')}`);
    const { done, total } = parsed.data;
    if (total !== request.rows.count || done > total)
      throw new Error(`done ${done} of total ${total}, the shard has ${request.rows.count} rows`);
    return `${done} of ${total} rows`;
  }

  /** @returns what was seen. @throws unless cancellation ends the attempt */
  async cancel(): Promise<string> {
    for (;;) {
      const { call, request } = this.running ?? (await this.watched());
      this.running = null;
      const askedMs = performance.now();
      await call.cancel();
      const ending = await call.result().then(
        () => 'answered',
        (error: unknown) => {
          if (!(error instanceof CancelledFailure)) throw error;
          return 'cancelled';
        },
      );
      const seconds = (performance.now() - askedMs) / 1000;
      if (ending === 'cancelled') {
        if (await this.teacher.place.store.exists(request.output.manifest))
          throw new Error('the attempt was cancelled, and wrote a manifest');
        return `the attempt ended after ${seconds.toFixed(1)} s`;
      }
      if (seconds > 2 * HEARTBEAT_SECONDS || !this.grow())
        throw new Error(
          `${request.rows.count} rows were predicted to the end, ${seconds.toFixed(1)} s after ` +
            'the cancellation',
        );
    }
  }

  /** A call that has sent a heartbeat. */
  private async watched(): Promise<Running & { details: unknown }> {
    for (;;) {
      const name = `long-${this.rows}`;
      const request = await this.teacher.shard(name, this.repeatedRows());
      const call = await this.teacher.queue.start('predictShard', request, {
        heartbeatSeconds: HEARTBEAT_SECONDS,
      });
      const seen = await call.heartbeat(isFromRows);
      if (seen) {
        this.running = { call, request };
        return { ...this.running, ...seen };
      }
      await call.result();
      if (!this.grow())
        throw new Error(`none with a total was seen in a shard of ${this.rows} rows`);
    }
  }

  /** @returns false where no longer one is possible */
  private grow(): boolean {
    const before = this.rows;
    this.rows = Math.min(MOST_ROWS, before * GROWTH);
    return this.rows > before;
  }

  private repeatedRows(): MadeRow[] {
    const { clips } = this.teacher.audio;
    const views = Math.ceil(this.rows / clips.length);
    return Array.from({ length: this.rows }, (_, row) => {
      const clip = Math.floor(row / views);
      const { offset, samples } = clips[clip]!;
      return { clip, view: row % views, offset, samples, shift: 0 };
    });
  }
}

/** A worker may send heartbeats before it has read the rows: they count none of none. */
function isFromRows(details: unknown): boolean {
  const parsed = detailsSchema.safeParse(details);
  return !parsed.success || parsed.data.total > 0;
}
