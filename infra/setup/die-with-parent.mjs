// `die-with-parent SIGNAL PROGRAM ARGS…` runs a program that the kernel sends the signal (a number)
// as soon as its parent dies, even by SIGKILL. The setting survives exec, so a Go server or a Node
// process needs no code of its own. On macOS, whose kernel has no such setting, it only runs the
// program.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, need } from './tools.mjs';

const source = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

int main(int argc, char **argv) {
  if (argc < 3) return 64;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, atoi(argv[1]));
#endif
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
`;

/** Returns the path of the program. */
export async function installDieWithParent(report) {
  const entry = await cached(`die-with-parent-${shortHash(source)}`, report, async (folder) => {
    need('g++');
    writeFileSync(join(folder, 'die-with-parent.c'), source);
    await execute('Compiling die-with-parent', 'g++', [
      '-x',
      'c++',
      '-O2',
      join(folder, 'die-with-parent.c'),
      '-o',
      join(folder, 'die-with-parent'),
    ]);
  });
  return join(entry, 'die-with-parent');
}
