// `npm run gpu-check`: what a machine with an NVIDIA GPU must show. It sets up the CUDA library,
// sees that the engine computes on the GPU, holds it to the same reference vectors as the CPU, and
// prints the table against PyTorch on the same GPU. Each step ends the check where it fails.
// Nothing is done where no GPU is visible.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { visibleGpus } from '../infra/setup/gpus.mjs';
import { root, setUp } from '../infra/setup/setup.mjs';
import { SetupError } from '../infra/setup/tools.mjs';

const help = `npm run gpu-check [-- bench options]

Sets this clone up for the GPU (as npm run setup -- --gpu does; npm run setup -- --cpu goes back), then runs on it:
  1. one product of matrices, which must have been computed by the GPU
  2. the tests of test/parity, test/engine, test/model and test/training, with the tolerances they have on the CPU
  3. npm run bench -- engine forward frontend, against PyTorch on the same GPU; options given here go to it, such as --models tiny,base --batch 128

CUDA_VISIBLE_DEVICES chooses the device. Exits with 1 where no GPU is visible, before anything is done, and at the first step that fails.`;

const tests = ['test/parity', 'test/engine', 'test/model', 'test/training'];

async function gpuCheck(args) {
  if (args.includes('--help') || args.includes('-h')) return console.log(help);
  const [gpu] = visibleGpus();
  console.log(`GPU: ${gpu}`);
  await setUp({ gpu: true, parts: ['tensorflow'] });
  step('the engine on the GPU', ['-e', `
    const { openEngine } = require(${JSON.stringify(join(root, 'dist/ced/engine/engine.js'))});
    const { device, tensorflow } = openEngine().kind;
    const product = openEngine().eager((ops) => openEngine().read(ops.matmul(ops.constant(Float32Array.of(1, 2), [1, 2]), ops.constant(Float32Array.of(3, 4), [2, 1])))[0]);
    console.log('TensorFlow ' + tensorflow + ' computes on the ' + device + ': 1·3 + 2·4 = ' + product);
    if (device !== 'gpu' || product !== 11) { console.error('TensorFlow found no GPU; with TF_CPP_MIN_LOG_LEVEL=0 it says why'); process.exit(1); }`]); // prettier-ignore
  step('parity', [join(root, 'infra/run.mjs'), 'test', '--runInBand', ...tests]);
  step('the table against PyTorch', [
    join(root, 'infra/run.mjs'),
    'bench',
    'engine',
    'forward',
    'frontend',
    '--gpu',
    ...args,
  ]);
}

function step(what, args) {
  console.log(`\n=== ${what}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new SetupError(`${what}: failed`);
}

await gpuCheck(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
