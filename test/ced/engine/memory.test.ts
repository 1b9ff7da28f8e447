import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openEngine } from '../../../ced/engine/engine';
import { engineEnvironment } from '../../../ced/engine/environment';
import { repositoryRoot } from '../../../infra/toolchain';

const engine = openEngine();

/** Prints what tensors below and above the size that is pinned hold, and how many are left. */
const PROGRAM = `
  const { openEngine } = require(${JSON.stringify(
    join(repositoryRoot, 'dist', 'ced', 'engine', 'engine.js'),
  )});
  const engine = openEngine();
  const answers = [];
  for (const [dtype, Values, extents] of [
    ['float32', Float32Array, [3]],
    ['float32', Float32Array, [70, 1000]],
    ['uint8', Uint8Array, [3, 50000, 2]],
    ['int32', Int32Array, [100000]],
  ]) {
    const length = extents.reduce((product, extent) => product * extent);
    const values = Values.from({ length }, (_, i) => i % 251);
    const tensor = engine.tensor(values, extents, dtype);
    values.fill(0);
    const held = engine.eager((ops) => engine.read(ops.cast(tensor, 'float32')).slice());
    answers.push(dtype + ' ' + held.every((value, i) => value === i % 251));
    engine.free(tensor);
  }
  console.log(answers.join(', ') + ', left: ' + engine.tensorCount);
`;

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

  it('hold the same in memory that is pinned for a GPU, and are freed', () => {
    // TensorFlow logs the op that allocates such memory.
    const logs = { TF_CPP_MIN_LOG_LEVEL: '0', TF_CPP_VMODULE: 'execute=2,eager_operation=2' };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', PROGRAM], {
      encoding: 'utf8',
      env: { ...process.env, ...engineEnvironment(), CED_GPU_PINNED: '1', ...logs },
    });
    expect(stdout).toBe('float32 true, float32 true, uint8 true, int32 true, left: 0\n');
    expect(stderr).toContain('Empty');
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
