// Jest gives each test file globals of its own, and onnxruntime's JavaScript refuses a Float32Array
// that its native half made with Node's. Tests that run it name this environment, in which the
// typed arrays are Node's.
const TestEnvironment = require('./quick-exit-environment.cjs');

module.exports = class OneRealmEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    const floats = ['Float32Array', 'Float64Array', 'Uint16Array'];
    for (const name of [...floats, 'Int32Array', 'Uint8Array', 'BigInt64Array', 'ArrayBuffer'])
      this.global[name] = globalThis[name];
  }
};
