import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { engineEnvironment } from '../../../ced/engine/environment';
import { repositoryRoot } from '../../../infra/toolchain';

/** Sums columns of ones of 30 widths, at each 16 times at once; prints the sums that it met. */
const PROGRAM = `
  const { openEngine } = require(${JSON.stringify(
    join(repositoryRoot, 'dist', 'ced', 'engine', 'engine.js'),
  )});
  const engine = openEngine();
  const met = new Set();
  for (let width = 90; width < 180; width += 3) {
    const specs = Array.from({ length: 16 }, () => ({ dtype: 'float32', shape: [800, width] }));
    const ones = new Float32Array(800 * width).fill(1);
    const sums = engine.define('sums of ' + width, specs, 'float32', (ops, inputs) =>
      inputs.map((input) => ops.columnSums(input)));
    for (let times = 0; times < 3; times++) {
      const inputs = specs.map(({ shape }) => engine.tensor(ones, shape, 'float32'));
      const outputs = engine.call(sums, inputs);
      for (const output of outputs) for (const sum of engine.read(output)) met.add(sum);
      engine.free(...inputs, ...outputs);
    }
  }
  console.log([...met].join(' '));
`;

describe('sums that XLA compiles', () => {
  // With XLA's own choice, YNNPACK, most starts ended in SIGSEGV or std::bad_alloc.
  it('are computed by eight threads at once, for shapes that none has prepared', () => {
    const { stdout, signal, status } = spawnSync(process.execPath, ['-e', PROGRAM], {
      encoding: 'utf8',
      env: { ...process.env, ...engineEnvironment({ threads: 8 }) },
    });
    expect({ stdout, signal, status }).toEqual({ stdout: '800\n', signal: null, status: 0 });
  });
});
