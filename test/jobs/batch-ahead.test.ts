import type { TrainingBatch } from '../../ced/training/training-batch';
import { BatchAhead } from '../../jobs/train/batch-ahead';

/** A set of batches that are ready when the test says so. */
function asked(stepsPerEpoch: number) {
  const waiting = new Map<string, (batch: TrainingBatch | Error) => void>();
  const begun: string[] = [];
  const data = {
    stepsPerEpoch,
    batch: (epoch: number, step: number): Promise<TrainingBatch> => {
      begun.push(`${epoch}/${step}`);
      return new Promise((resolve, reject) => {
        waiting.set(`${epoch}/${step}`, (batch) =>
          batch instanceof Error ? reject(batch) : resolve(batch),
        );
      });
    },
  };
  return {
    data,
    begun,
    end: (name: string, end: TrainingBatch | Error) => waiting.get(name)!(end),
  };
}

const batchOf = (rows: number): TrainingBatch => ({
  ...{ pcm: new Int16Array(), batch: rows, samples: 0, masks: null, lambda: null },
  targets: new Float32Array(),
});

describe('the batch after that of a step', () => {
  it('is made while the step runs, one ahead at most, and taken once', async () => {
    const { data, begun, end } = asked(3);
    const batches = new BatchAhead(data);
    batches.beginNext(0, 0);
    expect(begun).toEqual(['0/1']);
    end('0/1', batchOf(7));
    expect((await batches.take(0, 1)).batch).toBe(7);
    expect(begun).toEqual(['0/1']);
    void batches.take(0, 1);
    expect(begun).toEqual(['0/1', '0/1']);
  });

  it('is handed on before it is taken; one that is made for its step is not', async () => {
    const { data, end } = asked(3);
    const ahead: number[] = [];
    const batches = new BatchAhead(data, undefined, ({ batch }) => ahead.push(batch));
    batches.beginNext(0, 0);
    end('0/1', batchOf(7));
    await batches.take(0, 1);
    expect(ahead).toEqual([7]);
    const taken = batches.take(0, 2);
    end('0/2', batchOf(5));
    await taken;
    expect(ahead).toEqual([7]);
  });

  it('is not begun past the end of an epoch', () => {
    const { data, begun } = asked(3);
    new BatchAhead(data).beginNext(0, 2);
    expect(begun).toEqual([]);
  });

  it('is thrown away when another one is wanted', async () => {
    const { data, begun, end } = asked(3);
    const batches = new BatchAhead(data);
    batches.beginNext(0, 0);
    const taken = batches.take(1, 0);
    end('1/0', batchOf(5));
    expect((await taken).batch).toBe(5);
    expect(begun).toEqual(['0/1', '1/0']);
  });

  it('that cannot be made fails the step that takes it, and nothing else', async () => {
    const { data, end } = asked(3);
    const batches = new BatchAhead(data);
    batches.beginNext(0, 0);
    end('0/1', new Error('damaged'));
    await new Promise(setImmediate); // an unhandled rejection would end the process here
    await expect(batches.take(0, 1)).rejects.toThrow('damaged');
  });
});
