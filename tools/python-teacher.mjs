// `npm run python`: what needs PyTorch or BirdNET of ced-teacher (python/), which CI does not
// install.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installTeacherNetworks } from '../infra/setup/python-teacher.mjs';
import { installPyTorch } from '../infra/setup/pytorch.mjs';
import { root, setUp } from '../infra/setup/setup.mjs';
import { SetupError } from '../infra/setup/tools.mjs';

const help = `npm run python -- [tests|speed|birdnet|birdnet-run] [options]

Installs PyTorch (3 GB), LiteRT and BirdNET (100 MB) beside the packages of ced-teacher, once, and
runs with them:

  tests    all tests of python/, those with PyTorch and BirdNET among them; options go to pytest
           (the default)
  speed    views a second of CED tiny as a teacher, beside its bare loop; --help lists the options
  birdnet  BirdNET on 200 clips at 48 kHz: its tags and the minutes; --help lists the options
  birdnet-run  the same as the teacher of a run, through its worker and a Temporal server

Examples:
  npm run python
  npm run python -- tests tests_large -q
  npm run python -- speed --rounds 20`;

async function python([what = 'tests', ...args]) {
  if (what === '--help' || what === '-h') return console.log(help);
  const programs = {
    tests: ['-m', 'pytest'],
    speed: ['throughput.py'],
    birdnet: ['birdnet_tags.py'],
    'birdnet-run': ['birdnet_run.py'],
  };
  const command = programs[what]?.concat(args);
  if (command === undefined)
    throw new SetupError(`${what}: expected tests, speed, birdnet or birdnet-run`);
  if (what === 'tests' && args.length === 0) command.push('tests', 'tests_large');
  await setUp({ parts: ['temporal', 'teacher'], quiet: true, build: false });
  const report = (line) => console.error(line);
  const torch = await installPyTorch(report);
  const networks = await installTeacherNetworks(report);
  const tools = JSON.parse(readFileSync(join(root, '.ced', 'toolchain.json'), 'utf8'));
  const packages = [tools.pythonTeacher, torch, networks].map((path) =>
    join(dirname(path), 'packages'),
  );
  const environment = {
    PYTHONPATH: packages.join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    CED_TEMPORAL_CLI: tools.temporal,
  };
  const { status } = spawnSync('python3', command, {
    cwd: join(root, 'python'),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  process.exitCode = status ?? 1;
}

await python(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
