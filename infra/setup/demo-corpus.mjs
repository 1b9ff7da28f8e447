// Renders the demo's audio into the cache, with examples/instruments/render, which skips rendered
// clips.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { withLock } from './lock.mjs';
import { installPartPackages } from './part-packages.mjs';
import { execute } from './tools.mjs';

/** Returns the corpus folder. */
export async function renderDemoCorpus(root, report) {
  const folder = join(cacheFolder, 'corpora', 'instruments');
  const program = join(root, 'dist', 'examples', 'instruments', 'render', 'main.js');
  if (!existsSync(program)) return folder;
  await installPartPackages(root, 'demo', report);
  await withLock(`${folder}.lock`, report, () =>
    execute('Rendering the demo corpus', process.execPath, [program, '--out', folder], {
      cwd: root,
      onOutput: (text) => report(text.trim().split('\n').at(-1)),
    }),
  );
  return folder;
}
