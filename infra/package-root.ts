/**
 * Where the code lies and where its user works. In a clone of the repository both are the clone. A
 * package that npm installed lies in the `node_modules` of a project, where its user works.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The code's root, the same from `infra/` and from `dist/infra/`. */
export const repositoryRoot = rootAbove(__dirname);

/** Whether npm installed the code into another project. */
export const isInstalled = basename(dirname(repositoryRoot)) === 'node_modules';

/** Where relative paths of run files start, and where `runs/` and `data/` lie. */
export const projectRoot = isInstalled ? projectAround(repositoryRoot) : repositoryRoot;

/**
 * A text with commands as they are typed here: the npm scripts of a clone are commands of `npx ced`
 * in a project that has the package installed.
 */
export function asTypedHere(text: string): string {
  if (!isInstalled) return text;
  return text.replace(
    /\bnpm (?:run )?(start|teach|server|worker|schedule|codec|setup)\b( --(?= ))?/g,
    'npx ced $1',
  );
}

/** The current folder where the package lies in no project, as after a global installation. */
function projectAround(root: string): string {
  const project = dirname(dirname(root));
  return existsSync(join(project, 'package.json')) ? project : process.cwd();
}

function rootAbove(folder: string): string {
  let candidate = folder;
  while (!['package.json', 'package-lock.json'].some((name) => existsSync(join(candidate, name)))) {
    if (candidate === dirname(candidate)) throw new Error(`no package around ${folder}`);
    candidate = dirname(candidate);
  }
  return candidate;
}
