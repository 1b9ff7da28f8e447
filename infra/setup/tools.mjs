// Programs that set-up calls, and how to install a missing one.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** An error meant for the user: one line, no stack trace. */
export class SetupError extends Error {}

const howToGet = {
  npm: 'it comes with Node; reinstall Node 20.19 or newer',
  python3:
    'install Python 3 (Debian/Ubuntu: apt-get install python3 python3-pip); it only downloads ' +
    'the TensorFlow library',
  pip: 'install pip for python3 (Debian/Ubuntu: apt-get install python3-pip)',
  'g++': 'install a C++17 compiler (Debian/Ubuntu: apt-get install g++)',
  go: 'install Go 1.21 or newer, or put the Temporal CLI (`temporal`) on the PATH',
};

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetupError(`Node ${process.versions.node} is too old: install Node 20.19 or newer`);
}

/** Full path of a program on the PATH, or null. */
export function findOnPath(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder || '.', program);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not in this folder
    }
  }
  return null;
}

export function need(...programs) {
  for (const program of programs)
    if (findOnPath(program) === null)
      throw new SetupError(`${program} is missing: ${howToGet[program] ?? 'install it'}`);
}

export function needPip() {
  need('python3');
  if (spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status !== 0)
    throw new SetupError(`pip is missing: ${howToGet.pip}`);
}

/**
 * Runs a program to its end without a terminal. On failure throws a SetupError with the purpose and
 * the program's first and last lines.
 */
export function execute(purpose, program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (text) => {
      output = (output + text).slice(-20_000);
      options.onOutput?.(String(text));
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) =>
      reject(new SetupError(`${purpose} failed: cannot run ${program}: ${error.message}`)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(
        new SetupError(
          `${purpose} failed (${program} ended with ${signal ?? code})\n  ${excerpt(output)}`,
        ),
      );
    });
  });
}

function excerpt(output) {
  const lines = output.trim().split('\n');
  return (lines.length <= 16 ? lines : [...lines.slice(0, 8), '…', ...lines.slice(-8)]).join(
    '\n  ',
  );
}
