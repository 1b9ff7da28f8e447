// Compiles TypeScript to dist/, with the files that its code reads, and the workflows to one
// pre-built bundle, each only when its sources have changed. Types are checked by
// `npm run typecheck` and `npm run build`, not at every start: `isolatedModules` makes the emitted
// code the same. An installed package is compiled already; only its workflows are bundled.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { withLock } from './lock.mjs';
import { execute } from './tools.mjs';

const rooms = [
  'workflows',
  'activities',
  'jobs',
  'ced',
  'storage',
  'report',
  'workers',
  'cli',
  'package',
  'infra',
  'tools',
  'bench',
  'examples',
  'test/chaos',
  'test/support',
];

// Read at run time from where they lie beside the compiled code.
const assets = [
  'report/page.css',
  'report/page.js',
  'cli/models/exports/transformers',
  'cli/models/exports/web',
];

/** @param hasWorker whether a worker is to run, which alone needs the bundle */
export async function compile(root, hasWorker, report) {
  const isClone = existsSync(join(root, 'tsconfig.build.json'));
  if (isClone) await compileSources(root, report);
  if (isClone || hasWorker) await bundleWorkflows(root, report);
}

async function compileSources(root, report) {
  const sources = rooms.flatMap((room) => filesBelow(join(root, room), '.ts'));
  const project = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    join(root, name),
  );
  const wanted = {
    hash: hashOf(root, [
      ...sources,
      ...project,
      ...assets.flatMap((path) => filesOf(join(root, path))),
    ]),
    sources: sources.map((path) => relative(root, path)),
  };
  const stampPath = join(root, 'dist', '.ced-compiled.json');
  if (readStamp(stampPath)?.hash !== wanted.hash)
    await withLock(join(root, '.ced', 'compile.lock'), report, async () => {
      const before = readStamp(stampPath);
      if (before?.hash === wanted.hash) return;
      report(`compiling ${sources.length} TypeScript files`);
      const removed = before?.sources.some((path) => !wanted.sources.includes(path));
      // otherwise the output of a deleted file would stay
      if (removed) rmSync(join(root, 'dist'), { recursive: true, force: true });
      await execute(
        'Compiling',
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck'],
        { cwd: root },
      );
      for (const path of assets)
        cpSync(join(root, path), join(root, 'dist', path), { recursive: true });
      writeFileSync(stampPath, JSON.stringify(wanted));
    });
}

async function bundleWorkflows(root, report) {
  const entry = join(root, 'dist', 'workflows', 'index.js');
  if (!existsSync(entry)) return;
  const stampPath = join(root, 'dist', '.ced-bundled.json');
  const hash = hashOf(root, [
    ...filesBelow(join(root, 'dist', 'workflows'), '.js'),
    join(root, existsSync(join(root, 'package-lock.json')) ? 'package-lock.json' : 'package.json'),
  ]);
  if (readStamp(stampPath)?.hash === hash) return;
  await withLock(join(root, '.ced', 'bundle.lock'), report, async () => {
    if (readStamp(stampPath)?.hash === hash) return;
    report('bundling the workflows');
    await execute(
      'Bundling the workflows',
      process.execPath,
      [
        join(root, 'infra', 'setup', 'bundle-workflows.mjs'),
        entry,
        join(root, 'dist', 'workflow-bundle.js'),
      ],
      {
        cwd: root,
      },
    );
    writeFileSync(stampPath, JSON.stringify({ hash }));
  });
}

function filesBelow(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((item) => {
      const path = join(folder, item.name);
      if (item.isDirectory()) return filesBelow(path, ending);
      return item.name.endsWith(ending) ? [path] : [];
    });
}

function filesOf(path) {
  return statSync(path).isDirectory() ? filesBelow(path, '') : [path];
}

function hashOf(root, files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function readStamp(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}
