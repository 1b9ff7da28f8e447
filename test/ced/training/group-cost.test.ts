import fc from 'fast-check';
import { runCalls } from '../../../ced/engine/calls';
import type { Engine } from '../../../ced/engine/engine';
import type { OpOutput } from '../../../ced/engine/op-runner';
import { Ops, type Precision } from '../../../ced/engine/ops';
import { elementCount, type Tensor } from '../../../ced/engine/tensor';
import { Tracer, type ArgumentSpec } from '../../../ced/engine/tracer';
import { exchangeLayout, sentBytes } from '../../../ced/training/exchange-layout';
import { GradientExchange } from '../../../ced/training/gradient-exchange';
import { wholeSubtrees } from '../../../ced/training/gradient-tree';
import { groupStepCost, LINKS, type GroupStep } from '../../../ced/training/group-cost';

/** Counts the bytes that leave a member in the collectives of a traced function. */
class SendingTracer extends Tracer {
  sent = 0;

  constructor(
    specs: readonly ArgumentSpec[],
    private readonly workers: number,
  ) {
    super(specs);
  }

  override run(
    op: string,
    attributes: Parameters<Tracer['run']>[1],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[] {
    const bytes = 4 * elementCount(inputs[0]?.shape ?? []);
    // Row i of the first goes to rank i; the whole of the second to every other rank.
    if (op === 'CollectiveAllToAllV2') this.sent += (bytes * (this.workers - 1)) / this.workers;
    if (op === 'CollectiveGatherV2') this.sent += bytes * (this.workers - 1);
    return super.run(op, attributes, inputs, outputs);
  }
}

/** As much of an engine as an exchange uses; it traces and computes nothing. */
class TracingEngine {
  readonly kind = { device: 'cpu' };
  sent = 0;

  constructor(private readonly workers: number) {}

  define(
    _key: string,
    specs: readonly ArgumentSpec[],
    precision: Precision,
    body: (ops: Ops, inputs: readonly Tensor[]) => readonly Tensor[],
  ): readonly Tensor[] {
    const tracer = new SendingTracer(specs, this.workers);
    const outputs = body(new Ops(tracer, precision), tracer.arguments);
    this.sent = tracer.sent;
    return outputs;
  }

  call = (outputs: readonly Tensor[]): readonly Tensor[] => outputs;
  tensor = (_values: unknown, shape: number[], dtype: Tensor['dtype']): Tensor => ({
    id: 0,
    dtype,
    shape,
  });
  free = (): void => undefined;
}

/** By the code that members run. */
function bytesSentBy(rank: number, workers: number, parts: number, length: number): number {
  const tracing = new TracingEngine(workers);
  const engine = tracing as unknown as Engine;
  const members = Array.from({ length: workers }, (_, index) => ({ index, host: '', port: 0 }));
  const exchange = new GradientExchange(
    engine,
    { generation: 1, members, self: rank, timeoutSeconds: 1 },
    length,
    COLUMNS,
  );
  const own = exchange.owned(parts);
  const vectors = (count: number, extent: number): Tensor[] =>
    Array.from({ length: count }, () => tracing.tensor(null, [extent], 'float32'));
  const sums = vectors(wholeSubtrees(own).length, length);
  runCalls(engine, exchange.calls(parts, sums, vectors(own.to - own.from, COLUMNS)));
  return tracing.sent;
}

const COLUMNS = 129;

describe('the bytes that a member sends', () => {
  it('are those of the shapes that the exchange gives its collectives, the same for all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 1, max: 5000 }),
        (workers, parts, length) => {
          const expected = sentBytes(exchangeLayout(parts, workers, length), COLUMNS);
          for (let rank = 0; rank < workers; rank++)
            expect(bytesSentBy(rank, workers, parts, length)).toBe(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are the gradients twice where whole subtrees are owned, and more where they are not', () => {
    const gradientBytes = 4e6;
    const ofGradients = (workers: number, parts: number): number =>
      sentBytes(exchangeLayout(parts, workers, 1e6), 0) / gradientBytes;
    expect(ofGradients(1, 8)).toBe(0);
    expect(ofGradients(2, 8)).toBe(2 * (1 / 2));
    expect(ofGradients(8, 8)).toBe(2 * (7 / 8));
    // The second has parts 3, 4 with 5, and 6.
    expect(ofGradients(2, 7)).toBe(4 * (1 / 2));
    // The second has parts 2 with 3, and 4; the third 5, and 6 with 7.
    expect(ofGradients(3, 8)).toBeCloseTo(3 * (2 / 3), 5);
  });
});

describe('the cost of a step in a group', () => {
  const step: GroupStep = {
    batch: 128,
    parts: 8,
    workers: 8,
    length: 1e6,
    columns: 0,
    computeSeconds: 1,
    memoryBytesPerSecond: 28e9,
    link: { bytesPerSecond: 7e7, latencySeconds: 1e-3 },
  };

  it('is the computing of the largest rank, the exchange and Adam', () => {
    const cost = groupStepCost(step);
    expect(cost.computeSeconds).toBe(1 / 8);
    expect(cost.sentBytes).toBe(2 * 4e6 * (7 / 8));
    expect(cost.exchangeSeconds).toBeCloseTo(0.1 + 8e-3, 10);
    expect(cost.adamSeconds).toBeCloseTo(1e-3, 10);
    expect(cost.seconds).toBeCloseTo(0.234, 10);
    expect(cost.efficiency).toBeCloseTo(1.001 / (8 * 0.234), 10);
  });

  it('exchanges nothing on one worker', () => {
    expect(groupStepCost({ ...step, workers: 1 })).toMatchObject({
      computeSeconds: 1,
      exchangeSeconds: 0,
      sentBytes: 0,
      efficiency: 1,
      limit: null,
    });
  });

  it('counts the clips of a rank, not its parts, and no more parts than a batch has', () => {
    // Three pairs of clips are three parts: one rank has two of them.
    expect(groupStepCost({ ...step, batch: 6, workers: 2 }).computeSeconds).toBeCloseTo(4 / 6, 10);
    expect(groupStepCost({ ...step, batch: 6, workers: 4 }).computeSeconds).toBeCloseTo(2 / 6, 10);
  });

  it('says what costs the most', () => {
    const limitOf = (given: Partial<GroupStep>): unknown =>
      groupStepCost({ ...step, ...given }).limit;
    expect(limitOf({})).toBe('link');
    expect(limitOf({ workers: 5, link: LINKS.nvlink })).toBe('parts');
    expect(limitOf({ memoryBytesPerSecond: 28e6, link: LINKS['400Gb/s'] })).toBe('adam');
    expect(limitOf({ link: LINKS.nvlink })).toBeNull();
  });

  it('falls with the link, and by it alone', () => {
    const links = ['10Gb/s', '25Gb/s', '100Gb/s', '400Gb/s', 'nvlink'] as const;
    const costs = links.map((name) => groupStepCost({ ...step, length: 86e6, link: LINKS[name] }));
    const times = costs.map(({ exchangeSeconds }) => exchangeSeconds);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(new Set(costs.map(({ sentBytes }) => sentBytes)).size).toBe(1);
    expect(new Set(costs.map(({ adamSeconds }) => adamSeconds)).size).toBe(1);
  });
});
