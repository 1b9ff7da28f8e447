// Jest ends a process of tests that has not exited half a second after its last one, with a warning
// that handles were left open. None are: Node's own exit runs at once, and then TensorFlow's
// library takes its threads and memory apart, which takes longer on a busy machine. A process that
// has nothing left to do is ended here, before that.
const { TestEnvironment } = require('jest-environment-node');

if (process.env.JEST_WORKER_ID && process.send)
  process.once('exit', (code) => {
    if (code === 0) process.kill(process.pid, 'SIGKILL');
  });

module.exports = TestEnvironment;
