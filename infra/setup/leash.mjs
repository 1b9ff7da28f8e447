// `leash PROGRAM ARGS…` runs a program that the kernel stops (SIGTERM) as soon as its parent is gone, even by SIGKILL.
// The setting survives exec, so a Go server or a Node process needs no code of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, need } from './tools.mjs';

const source = `#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  execvp(argv[1], argv + 1);
  perror(argv[1]);
  return 127;
}
`;

/** Returns the path of the helper. */
export async function installLeash(report) {
  const entry = await cached(`leash-${shortHash(source)}`, report, async (folder) => {
    need('g++');
    writeFileSync(join(folder, 'leash.c'), source);
    await execute('Compiling the process leash', 'g++', ['-x', 'c++', '-O2', join(folder, 'leash.c'), '-o', join(folder, 'leash')]);
  });
  return join(entry, 'leash');
}
