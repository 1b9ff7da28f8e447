/**
 * Metrics are one JSONL segment a checkpoint, never appended to: `{"step","loss","lr"}` for steps,
 * `{"epoch","step","loss","mAP","divergence"?}` for epochs and a last line with their checksum;
 * joined at the end by following segments from step to step. TensorBoard's events beside it hold
 * the same lines, to watch the training while it runs.
 */
import { z } from 'zod';
import type { EpochRecord } from '../../workflows/contract/activities';
import { StoreDamaged } from '../../workflows/contract/damage';
import { schemaProblems } from '../../workflows/contract/schema-problems';
import { decodeChecksummedLines, encodeChecksummedLines } from '../checksum';
import { layout } from '../layout';
import { createAnew } from '../quarantine';
import type { Store } from '../store';
import type { MetricsLine } from '../../ced/training/metrics-line';

const lineSchema: z.ZodType<MetricsLine> = z.union([
  z.object({ step: z.number(), loss: z.number(), lr: z.number() }),
  z.object({
    epoch: z.number(),
    step: z.number(),
    loss: z.number(),
    mAP: z.number().nullable(),
    divergence: z.exactOptional(z.number()),
  }),
]);

const STEPS_BETWEEN_LINES = 10;

export class MetricsSegment {
  private lines: MetricsLine[] = [];

  constructor(private from: number) {}

  step(step: number, loss: number, learningRate: number): void {
    if (step % STEPS_BETWEEN_LINES === 0) this.lines.push({ step, loss, lr: learningRate });
  }

  epoch({ epoch, step, loss, mAP, divergence }: EpochRecord): void {
    this.lines.push({
      epoch,
      step,
      loss,
      mAP,
      ...(divergence === undefined ? {} : { divergence }),
    });
  }

  /** Ends the segment at `to` and begins the next. */
  cut(to: number): Segment {
    const { from, lines } = this;
    this.from = to;
    this.lines = [];
    return { from, to, lines };
  }
}

/**
 * The lines of steps `from` to `to`. A segment without steps holds the record of a last epoch whose
 * validation was interrupted: the checkpoint of its last step was there before.
 */
export interface Segment {
  from: number;
  to: number;
  lines: MetricsLine[];
}

/** @param events the same lines as an event file of TensorBoard's */
export async function commitSegment(
  store: Store,
  trainingKey: string,
  { from, to, lines }: Segment,
  events: Uint8Array,
): Promise<void> {
  if (to === from && lines.length === 0) return;
  // No checkpoint refers to this segment yet, or ever if it has no steps: it replaces one that
  // a failing disk or an attempt on another kind of machine left.
  const isCommitted =
    to > from && (await store.exists(layout.checkpoint(trainingKey, to, 'state.json')));
  const write = isCommitted ? store.create.bind(store) : createAnew.bind(null, store);
  await write(layout.metrics(trainingKey, from, to), encodeChecksummedLines(lines));
  await write(layout.events(trainingKey, from, to), events);
}

/**
 * An empty file stands for lines that cannot be restored.
 * @returns the lines, and whether they carried a checksum; or what is wrong with the bytes
 */
export function decodeSegment(
  bytes: Uint8Array,
  { from, to }: Omit<Segment, 'lines'>,
): { lines: MetricsLine[]; checksummed: boolean } | string {
  if (bytes.length === 0) return { lines: [], checksummed: false };
  const found = decodeChecksummedLines(bytes);
  if (typeof found === 'string') return found;
  const lines: MetricsLine[] = [];
  for (const [index, line] of found.lines.entries()) {
    const parsed = lineSchema.safeParse(line);
    if (!parsed.success) return `line ${index + 1}: ${schemaProblems(parsed.error, 'metrics')[0]}`;
    lines.push(parsed.data);
  }
  // Without a checksum, from an earlier version: its steps tell whether all of it is there.
  const steps = Math.ceil(to / STEPS_BETWEEN_LINES) - Math.ceil(from / STEPS_BETWEEN_LINES);
  return found.checksummed || lines.filter((line) => 'lr' in line).length === steps
    ? { lines, checksummed: found.checksummed }
    : `it lacks some of the ${steps} steps in its name`;
}

/**
 * Each line from step 0 to `toStep` once: overlapping segments of abandoned attempts are skipped.
 */
export async function readMetrics(
  store: Store,
  trainingKey: string,
  toStep: number,
): Promise<MetricsLine[]> {
  const segments = new Map<number, { from: number; key: string }>();
  const chain: { from: number; to: number; key: string }[] = [];
  for (const key of await store.list(`${layout.training(trainingKey)}metrics/`)) {
    const match = /\/(\d+)-from-(\d+)\.jsonl$/.exec(key);
    const [to, from] = [Number(match?.[1]), Number(match?.[2])];
    if (from < to) segments.set(to, { from, key });
    else if (to === toStep) chain.push({ from, to, key });
  }
  for (let to = toStep; to > 0;) {
    const segment = segments.get(to);
    if (!segment)
      throw new StoreDamaged(
        [],
        `${store.uri}: training/${trainingKey} has no metrics up to step ${to}; restore them`,
      );
    chain.unshift({ ...segment, to });
    to = segment.from;
  }
  const lines: MetricsLine[] = [];
  for (const { key, from, to } of chain) {
    const segment = decodeSegment((await store.read(key)) ?? Buffer.from('missing'), { from, to });
    // Only another training could produce these lines again.
    if (typeof segment === 'string')
      throw new StoreDamaged(
        [],
        `${store.uri}: ${key} is damaged; restore it, or empty it to go on ` +
          `without the metrics of steps ${from} to ${to} (${segment})`,
      );
    lines.push(...segment.lines);
  }
  return lines;
}
