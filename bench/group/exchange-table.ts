/**
 * What the exchange of gradients costs a step, by size of model, members and parts: bytes that the
 * kernel counted and time, each beside the model's prediction. The bytes are predicted from shapes
 * alone. For the time, loopback is taken for a link that all processes share; its rate and latency
 * are those of two exchanges of other sizes, measured before.
 */
import { MODEL_PRESETS, modelConfigSchema, type ModelPreset } from '../../ced/model/config';
import { RUNNING_STATISTICS } from '../../ced/model/init-bn';
import { parameterCount } from '../../ced/model/parameters';
import { exchangeLayout, sentBytes } from '../../ced/training/exchange-layout';
import { exchangeTime, type Link } from '../../ced/training/group-cost';
import { median } from '../table';
import type { ExchangeShape } from './member-process';
import { Side } from './side';

export interface ExchangeRow {
  readonly model: ModelPreset;
  readonly workers: number;
  readonly parts: number;
  /** Sent by each process in a step. */
  readonly bytes: { readonly measured: number | null; readonly predicted: number };
  readonly ms: { readonly measured: number; readonly predicted: number };
}

export interface ExchangePlan {
  readonly models: readonly ModelPreset[];
  readonly workers: readonly number[];
  readonly parts: readonly number[];
  readonly rounds: number;
}

/** Calls back for each row once it is measured. */
export async function measureExchanges(
  { models, workers, parts, rounds }: ExchangePlan,
  onRow: (row: ExchangeRow) => void,
): Promise<void> {
  let shared: Link | null = null;
  for (const size of workers) {
    const side = await Side.start(size, { model: 'tiny', batch: 1, parts: 1 });
    try {
      shared ??= await sharedLink(side, rounds);
      for (const model of models)
        for (const count of parts) {
          const shape = { parts: count, ...exchangedBy(model) };
          const { ms, bytes } = await measured(side, shape, rounds);
          const predicted = predictedBytes(shape, size);
          const time = exchangeTime(predicted, size, ownShare(shared, size));
          onRow({
            ...{ model, workers: size, parts: count },
            bytes: { measured: bytes, predicted },
            ms: { measured: ms, predicted: 1000 * time },
          });
        }
    } finally {
      await side.end();
    }
  }
}

export function exchangedBy(model: ModelPreset): Omit<ExchangeShape, 'parts'> {
  const config = modelConfigSchema.parse({ ...MODEL_PRESETS[model], outputdim: 527 });
  return {
    length: parameterCount(config),
    columns: RUNNING_STATISTICS.length * config.n_mels + 1,
  };
}

const predictedBytes = ({ parts, length, columns }: ExchangeShape, workers: number): number =>
  sentBytes(exchangeLayout(parts, workers, length), columns);

async function measured(
  side: Side,
  shape: ExchangeShape,
  rounds: number,
): Promise<{ ms: number; bytes: number | null }> {
  await side.form();
  // The first one traces.
  await side.exchangeMs(shape);
  const before = side.sentBytes();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await side.exchangeMs(shape));
  const after = side.sentBytes();
  const bytes = before === null || after === null ? null : (after - before) / rounds;
  return { ms: median(times), bytes };
}

const SMALL = 100_000;
const LARGE = 10_000_000;

/** Of all processes together, from exchanges of two lengths. */
async function sharedLink(side: Side, rounds: number): Promise<Link> {
  const points = [];
  for (const length of [SMALL, LARGE]) {
    const shape = { parts: side.size, length, columns: 1 };
    const { ms } = await measured(side, shape, rounds);
    points.push({ bytes: side.size * predictedBytes(shape, side.size), seconds: ms / 1000 });
  }
  const [small, large] = points as [(typeof points)[0], (typeof points)[0]];
  const secondsPerByte = Math.max(
    (large.seconds - small.seconds) / (large.bytes - small.bytes),
    Number.EPSILON,
  );
  const latency = (small.seconds - small.bytes * secondsPerByte) / side.size;
  return { bytesPerSecond: 1 / secondsPerByte, latencySeconds: Math.max(latency, 0) };
}

const ownShare = ({ bytesPerSecond, latencySeconds }: Link, processes: number): Link => ({
  bytesPerSecond: bytesPerSecond / processes,
  latencySeconds,
});
