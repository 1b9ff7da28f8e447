import { openEngine } from '../../../ced/engine/engine';

const engine = openEngine();

describe('tensors made from arrays', () => {
  it('hold a copy: what happens to the array later does not reach them', () => {
    // 64 bytes and more, aligned, are what the published binding would have shared.
    const values = Float32Array.from({ length: 4096 }, (_, index) => index);
    const tensor = engine.tensor(values, [64, 64], 'float32');
    const variable = engine.variable(values, [64, 64]);
    values.fill(-1);
    expect(engine.read(tensor)[4095]).toBe(4095);
    expect(engine.readVariable(variable, [64, 64])[4095]).toBe(4095);
    engine.freeVariable(variable);
    engine.free(tensor);
  });

  it('leave the array alone when a variable made from it is written', () => {
    const values = new Float32Array(4096);
    const variable = engine.variable(values, [4096]);
    engine.eager((ops) => {
      const value = ops.readVariable(variable, [4096]);
      ops.assignVariable(variable, ops.add(value, ops.scalar(1)));
    });
    expect(engine.readVariable(variable, [4096])[7]).toBe(1);
    expect(values[7]).toBe(0);
    engine.freeVariable(variable);
  });
});
