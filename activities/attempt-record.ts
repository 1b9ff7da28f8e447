/**
 * The record of every attempt at an activity: one object when it begins and one when it ends. An
 * attempt that has no end was killed. Written beside the work and never in its way: an attempt that
 * cannot be recorded is missing in the report's timeline, nothing else.
 */
import { z } from 'zod';
import { canonicalJson } from '../ced/canonical-json';
import { encodeChecksummed } from '../storage/checksum';
import { record, type RecordOf } from '../storage/record';
import { sha256, type Store } from '../storage/store';
import { layout } from '../storage/layout';

export const attemptStartRecord = record(
  'start of an attempt',
  1,
  z.object({
    formatVersion: z.literal(1),
    /** Name of the activity, for example `trainModel`. */
    activity: z.string(),
    activityId: z.string(),
    /** From 1. */
    attempt: z.number(),
    taskQueue: z.string(),
    /** The worker's identity as Temporal shows it. */
    worker: z.string(),
    /** What it works on, for people: `train shard 3`, a model's name. */
    what: z.string(),
    /** SHA-256 of the model that is scored, null for other activities. */
    model: z.string().nullable(),
    /** Equal in all attempts at the same work, of whatever run; absent in earlier versions. */
    work: z.exactOptional(z.string()),
    /** By the server's clock, milliseconds since 1970: when a worker could have taken it. */
    scheduledMs: z.number(),
    /** By the worker's clock. */
    startedMs: z.number(),
  }),
);
export type AttemptStart = RecordOf<typeof attemptStartRecord>;

export const attemptEndRecord = record(
  'end of an attempt',
  1,
  z.object({
    formatVersion: z.literal(1),
    endedMs: z.number(),
    /** `stopped`: cancelled, paused or its worker told to end. */
    outcome: z.enum(['done', 'failed', 'stopped']),
    /** Type and message of the failure. */
    failure: z.string().nullable(),
    /** The store held its result already. */
    reused: z.boolean(),
  }),
);
export type AttemptEnd = RecordOf<typeof attemptEndRecord>;

/** Longer than a healthy store takes, short beside what an attempt costs. */
const LONGEST_WAIT_MS = 10_000;
const FAILURE_LENGTH = 300;

export class AttemptRecord {
  private readonly began: Promise<unknown>;

  private constructor(
    private readonly store: Store,
    private readonly workflowRunId: string,
    private readonly start: AttemptStart,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.began = this.write('start', start);
  }

  static begin(
    store: Store,
    workflowRunId: string,
    start: Omit<AttemptStart, 'formatVersion' | 'startedMs'>,
    onTrouble: (error: unknown) => void,
  ): AttemptRecord {
    return new AttemptRecord(
      store,
      workflowRunId,
      { formatVersion: 1, ...start, startedMs: Date.now() },
      onTrouble,
    );
  }

  async end(
    outcome: AttemptEnd['outcome'],
    { failure = null, reused = false }: { failure?: string | null; reused?: boolean } = {},
  ): Promise<void> {
    const end: AttemptEnd = {
      formatVersion: 1,
      endedMs: Date.now(),
      outcome,
      failure: failure && failure.slice(0, FAILURE_LENGTH),
      reused,
    };
    const written = Promise.all([this.began, this.write('end', end)]);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      written,
      new Promise((resolve) => (timer = setTimeout(resolve, LONGEST_WAIT_MS))),
    ]);
    clearTimeout(timer);
  }

  private async write(moment: 'start' | 'end', content: AttemptStart | AttemptEnd): Promise<void> {
    const { activityId, attempt } = this.start;
    try {
      await this.store.create(
        layout.activityAttempt(this.workflowRunId, activityId, attempt, moment),
        encodeChecksummed(content),
      );
    } catch (error) {
      this.onTrouble(error);
    }
  }
}

/** What an activity works on, by its input. */
export function describeWork(input: object): { what: string; model: string | null; work: string } {
  const { split, shard, model, settings } = input as {
    split?: string;
    shard?: number;
    model?: { name: string; sha256: string };
    settings?: { name?: string };
  };
  const parts = [
    ...(model ? [model.name, 'on'] : []),
    ...(split === undefined ? [] : [split]),
    ...(shard === undefined ? [] : [`shard ${shard}`]),
    ...(settings?.name === undefined ? [] : [settings.name]),
  ];
  return { what: parts.join(' '), model: model?.sha256 ?? null, work: workOf(input) };
}

/** Fields of inputs in which attempts at the same work may differ. */
const NOT_THE_WORK = new Set(['store', 'run', 'waited', 'timed']);

/** Hash of an input without what makes no difference to the work. */
function workOf(input: object): string {
  const work = Object.entries(input).filter(([field]) => !NOT_THE_WORK.has(field));
  // As a payload: without fields that are undefined.
  const json: unknown = JSON.parse(JSON.stringify(Object.fromEntries(work)));
  return sha256(canonicalJson(json)).slice(0, 32);
}

/**
 * Names an attempt at a training in the records of the training (jobs/train/attempts.ts).
 * @param activityId with that of its run: Temporal numbers activities from 1 in every run
 */
export function trainingAttemptId(activityId: string, attempt: number): string {
  return `${activityId}-${attempt}`.replace(/[^A-Za-z0-9-]/g, '-');
}
