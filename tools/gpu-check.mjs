// `npm run gpu-check`: checks a machine with an NVIDIA GPU. Sets up the CUDA library, checks that
// the engine computes on the GPU, compares it with the reference vectors as on the CPU, and prints
// the table against PyTorch on the same GPU. Ends at the first step that fails; does nothing where
// no GPU is visible.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { visibleGpus } from '../infra/setup/gpus.mjs';
import { root, setUp } from '../infra/setup/setup.mjs';
import { SetupError } from '../infra/setup/tools.mjs';

const tests = ['test/ced/parity', 'test/ced/engine', 'test/ced/model', 'test/ced/training'];

const groups = ['engine', 'forward', 'frontend', 'loop'];

/** Clips of a batch, for which the kernels and bytes of a step are predicted. */
const batch = '128';

/** What is measured, and how; a way changes our side, and rounding PyTorch's too. */
const tables = [
  { how: 'chains compiled by XLA', groups, environment: {} },
  { how: 'kernel by kernel', groups, environment: { CED_GPU_XLA: '0' } },
  { how: 'products in TF32 on both sides', groups, environment: { CED_GPU_TF32: '1' } },
  {
    how: 'memory that is copied to the GPU not pinned',
    groups: ['loop', 'frontend'],
    environment: { CED_GPU_PINNED: '0' },
  },
];

const help = `npm run gpu-check [-- [--list | --peers] bench options]

Sets this clone up for the GPU (as npm run setup -- --gpu does; npm run setup -- --cpu goes back),
then runs on it:
  1. a matrix product, which the GPU must compute
  2. the tests of these folders, with the tolerances of the CPU:
     ${tests.join(', ')}
  3. npm run bench -- engine forward frontend loop at batch ${batch}, against PyTorch (eager,
     compiled, autocast, both) on the same GPU, with the options given here: chains of kernels
     compiled by XLA; with CED_GPU_XLA=0 kernel by kernel; with CED_GPU_TF32=1 products rounded on
     both sides; and the loop and the front end with CED_GPU_PINNED=0, which leaves memory that is
     copied to the GPU unpinned
  4. npm run bench -- traffic, the kernels and bytes that are expected of a step

--list prints these steps, each with its variables, and does nothing; it needs no GPU.

With --peers it sets up and then only compares the training of two processes on a GPU each, which
exchange gradients by NCCL, with that of one process: weights and Adam's moments must have the same
SHA-256. Options go to npm run bench -- group. With fewer than two GPUs it says so and exits with
status 0.

CUDA_VISIBLE_DEVICES chooses the device. Exit status 1 where no GPU is visible, before any step, and
at the first step that fails.

Examples:
  npm run gpu-check
  npm run gpu-check -- --models tiny,base --batch 64
  npm run gpu-check -- --peers --model base --parts 8`;

const firstProduct = `
  const { openEngine } = require(${JSON.stringify(join(root, 'dist/ced/engine/engine.js'))});
  const engine = openEngine();
  const { device, tensorflow } = engine.kind;
  const product = engine.eager((ops) => {
    const row = ops.constant(Float32Array.of(1, 2), [1, 2]);
    const column = ops.constant(Float32Array.of(3, 4), [2, 1]);
    return engine.read(ops.matmul(row, column))[0];
  });
  console.log('TensorFlow ' + tensorflow + ' on the ' + device + ': 1·3 + 2·4 = ' + product);
  if (device !== 'gpu' || product !== 11) {
    console.error('TensorFlow found no GPU; with TF_CPP_MIN_LOG_LEVEL=0 it says why');
    process.exit(1);
  }`;

async function gpuCheck(args) {
  if (args.includes('--help') || args.includes('-h')) return console.log(help);
  if (args.includes('--peers')) return await peersCheck(args.filter((arg) => arg !== '--peers'));
  const steps = stepsOf(args.filter((arg) => arg !== '--list'));
  if (args.includes('--list')) return steps.forEach((each) => console.log(listed(each)));
  const [gpu] = visibleGpus();
  console.log(`GPU: ${gpu}`);
  await setUp({ gpu: true, parts: ['tensorflow'] });
  for (const { what, args, environment } of steps) step(what, args, environment);
}

/** @param args for the tables */
function stepsOf(args) {
  const options = args.includes('--batch') ? args : ['--batch', batch, ...args];
  return [
    { what: 'the engine on the GPU', args: ['-e', firstProduct] },
    { what: 'parity', args: [join(root, 'infra/run.mjs'), 'test', '--runInBand', ...tests] },
    ...tables.map(({ how, groups, environment }) => ({
      what: `the table against PyTorch: ${how}`,
      args: bench(...groups, '--gpu', ...options),
      environment,
    })),
    { what: 'what a step should start and move', args: bench('traffic') },
  ];
}

function listed({ what, args: [program, ...args], environment = {} }) {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const command = program === '-e' ? 'a product' : args.join(' ');
  return `${what}: ${[...variables, command].join(' ')}`;
}

/** Two engine processes as a group, each on a GPU of its own. */
async function peersCheck(args) {
  const { gpus, why } = gpusOrWhy();
  if (gpus.length < 2) return console.log(`peers: not checked, since it takes two GPUs: ${why}`);
  console.log(`GPUs: ${gpus.slice(0, 2).join(', ')}`);
  await setUp({ gpu: true, parts: ['tensorflow'] });
  const group = bench('group', '--gpu', '--only', 'steps', ...args);
  step('two processes with a GPU each train the bytes of one', group);
}

function gpusOrWhy() {
  try {
    const gpus = visibleGpus();
    return { gpus, why: `one is visible (${gpus[0]})` };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { gpus: [], why: error.message };
  }
}

const bench = (...args) => [join(root, 'infra/run.mjs'), 'bench', ...args];

function step(what, args, environment = {}) {
  console.log(`\n=== ${what}`);
  const env = { ...process.env, ...environment };
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) throw new SetupError(`${what}: failed`);
}

await gpuCheck(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
