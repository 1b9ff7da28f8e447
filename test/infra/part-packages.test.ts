import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

interface PartPackage {
  name: string;
  version: string;
  integrity: string;
}

/** Set-up is plain JavaScript for ES modules: a Node of its own reads it. */
function partPackages(): Record<string, PartPackage[]> {
  const module = JSON.stringify(join(repositoryRoot, 'infra/setup/part-packages.mjs'));
  const script = `import(${module}).then((m) => console.log(JSON.stringify(m.partPackages)))`;
  const printed = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return JSON.parse(printed) as Record<string, PartPackage[]>;
}

describe('the Node packages that set-up adds to an installed package', () => {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };

  it('are those that the lock file pins, by version and hash', () => {
    const wanted = Object.values(partPackages()).flat();
    expect(wanted.map(({ name }) => name)).toContain('@tensorflow/tfjs-node-gpu');
    for (const { name, version, integrity } of wanted) {
      const locked = lock.packages[`node_modules/${name}`];
      expect([name, version, integrity]).toEqual([name, locked?.version, locked?.integrity]);
    }
  });
});
