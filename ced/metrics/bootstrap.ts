/**
 * The sampling error of a statistic of rows, by drawing as many rows with replacement (Efron,
 * 1979). Draws are a pure function of the seed.
 */
import { below, philox, streamKey, type PhiloxWords } from '../augment/random';

export interface BootstrapError {
  /** Standard deviation of the statistic over the draws. */
  readonly deviation: number;
  /** The middle 95 % of them. */
  readonly low: number;
  readonly high: number;
}

/**
 * @param statistic of the numbers of the drawn rows, in the order drawn, some of them repeated
 * @throws RangeError without rows, or for fewer than two draws
 */
export function bootstrap(
  rows: number,
  statistic: (drawn: Uint32Array) => number,
  { draws, seed }: { draws: number; seed: number },
): BootstrapError {
  const values = Array.from(drawsOf(rows, { draws, seed }), statistic);
  return errorOf(Float64Array.from(values));
}

/** The same. @param onDraw awaited before every draw; may throw to give up */
export async function bootstrapInParts(
  rows: number,
  statistic: (drawn: Uint32Array) => number,
  options: { draws: number; seed: number },
  onDraw: () => Promise<void>,
): Promise<BootstrapError> {
  const values: number[] = [];
  for (const drawn of drawsOf(rows, options)) {
    await onDraw();
    values.push(statistic(drawn));
  }
  return errorOf(Float64Array.from(values));
}

function* drawsOf(
  rows: number,
  { draws, seed }: { draws: number; seed: number },
): Generator<Uint32Array> {
  if (rows < 1 || draws < 2) throw new RangeError(`${draws} draws of ${rows} rows say nothing`);
  for (let draw = 0; draw < draws; draw++) yield drawnRows(seed, draw, rows);
}

function errorOf(values: Float64Array): BootstrapError {
  const draws = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / draws;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  values.sort();
  return {
    deviation: Math.sqrt(squares / (draws - 1)),
    low: values[Math.floor(0.025 * (draws - 1))]!,
    high: values[Math.ceil(0.975 * (draws - 1))]!,
  };
}

/** Row numbers of a draw: `below(word, rows)` of the words of `bootstrap/<seed>`, in sequence. */
function drawnRows(seed: number, draw: number, rows: number): Uint32Array {
  const key = streamKey('bootstrap', seed);
  let words: PhiloxWords = [0, 0, 0, 0];
  return Uint32Array.from({ length: rows }, (_, at) => {
    if (at % 4 === 0) words = philox(key, [at / 4, draw, 0, 0]);
    return below(words[at % 4]!, rows);
  });
}
