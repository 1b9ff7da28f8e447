/**
 * Metrics are one JSONL segment a checkpoint, never appended to: `{"step","loss","lr"}` for steps and `{"epoch","step","loss","mAP"}` for
 * epochs, joined at the end by following segments from step to step. The same lines stand beside it as TensorBoard's events, to be looked at while
 * the training goes on.
 */
import type { EpochRecord } from '../../workflows/contract/activities';
import { layout } from '../storage/layout';
import type { Store } from '../storage/store';
import { encodeEvents } from './tensorboard-events';

export type MetricsLine = { step: number; loss: number; lr: number } | { epoch: number; step: number; loss: number; mAP: number | null };

const STEPS_BETWEEN_LINES = 10;

export class MetricsSegment {
  private lines: MetricsLine[] = [];

  constructor(private from: number) {}

  step(step: number, loss: number, learningRate: number): void {
    if (step % STEPS_BETWEEN_LINES === 0) this.lines.push({ step, loss, lr: learningRate });
  }

  epoch({ epoch, step, loss, mAP }: EpochRecord): void {
    this.lines.push({ epoch, step, loss, mAP });
  }

  /** Ends the segment at `to` and begins the next. */
  cut(to: number): Segment {
    const { from, lines } = this;
    this.from = to;
    this.lines = [];
    return { from, to, lines };
  }
}

/** The lines of steps `from` to `to`. */
export interface Segment {
  from: number;
  to: number;
  lines: MetricsLine[];
}

export async function commitSegment(store: Store, trainingKey: string, { from, to, lines }: Segment): Promise<void> {
  if (to === from) return;
  await store.create(layout.metrics(trainingKey, from, to), Buffer.from(lines.map((line) => JSON.stringify(line) + '\n').join('')));
  await store.create(layout.events(trainingKey, from, to), encodeEvents(lines, from));
}

/** Every line from step 0 to `toStep`, once: segments of abandoned attempts that overlap are passed over. */
export async function readMetrics(store: Store, trainingKey: string, toStep: number): Promise<MetricsLine[]> {
  const segments = new Map<number, { from: number; key: string }>();
  for (const key of await store.list(`${layout.training(trainingKey)}metrics/`)) {
    const match = /(\d+)-from-(\d+)\.jsonl$/.exec(key);
    if (match) segments.set(Number(match[1]), { from: Number(match[2]), key });
  }
  const chain: string[] = [];
  for (let to = toStep; to > 0;) {
    const segment = segments.get(to);
    if (!segment) throw new Error(`training/${trainingKey}: no metrics up to step ${to}`);
    chain.unshift(segment.key);
    to = segment.from;
  }
  const lines: MetricsLine[] = [];
  for (const key of chain) {
    const text = Buffer.from((await store.read(key)) ?? []).toString('utf8');
    for (const line of text.split('\n')) if (line) lines.push(JSON.parse(line) as MetricsLine);
  }
  return lines;
}
