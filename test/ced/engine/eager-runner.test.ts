import { typeAttribute } from '../../../ced/engine/attributes';
import { openEngine } from '../../../ced/engine/engine';

const engine = openEngine();
const T = typeAttribute('T', 'float32');

describe('what is made kernel by kernel', () => {
  it('is freed together at the end, constants, intermediates and results', () => {
    const before = engine.tensorCount;
    const sum = engine.eager((ops) => {
      const x = ops.constant(Float32Array.of(1, 2, 3), [3]);
      const total = ops.sum(ops.multiply(x, ops.scalar(2)), [0]);
      expect(engine.tensorCount).toBeGreaterThan(before + 3);
      return engine.read(total)[0];
    });
    expect(sum).toBe(12);
    expect(engine.tensorCount).toBe(before);
  });

  it('is freed when the body throws', () => {
    const before = engine.tensorCount;
    const body = (): void =>
      engine.eager((ops) => {
        ops.exp(ops.constant(new Float32Array(8), [8]));
        throw new Error('in between');
      });
    expect(body).toThrow('in between');
    expect(engine.tensorCount).toBe(before);
  });

  it('outlives the body where it is kept', () => {
    const before = engine.tensorCount;
    const kept = engine.eager((ops, runner) =>
      runner.keep(ops.square(ops.constant(Float32Array.of(3), [1]))),
    );
    expect(engine.tensorCount).toBe(before + 1);
    expect([...engine.read(kept)]).toEqual([9]);
    engine.free(kept);
    expect(engine.tensorCount).toBe(before);
  });

  it('must have the shape that was said, and a kernel must exist', () => {
    const run = (op: string, shape: number[]): void =>
      engine.eager(
        (ops, runner) =>
          void runner.run(
            op,
            [T],
            [ops.constant(new Float32Array(4), [2, 2])],
            [{ port: 'y', dtype: 'float32', shape }],
          ),
      );
    expect(() => run('Exp', [4])).toThrow('Exp gave shape [2,2], expected [4]');
    expect(() => run('NoSuchKernel', [2, 2])).toThrow(/NoSuchKernel/);
  });
});
