// TensorFlow's C library, from the Python wheel that contains it, and tfjs-node's binding compiled
// against it. Nothing at run time needs Python. tfjs-node's own installer would download a library
// of 2022. The GPU variant takes the CUDA wheel and NVIDIA's libraries; it has been neither built
// nor run so far.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindingEdits, writeEditedSources } from './binding-source.mjs';
import { cached, linkInPlace, shortHash } from './cache.mjs';
import { installNvidiaLibraries, nvidiaWheels } from './nvidia-wheels.mjs';
import { installPartPackages } from './part-packages.mjs';
import { bindOwnSymbols, OUTSIDE_STD, OWN_SYMBOLS_VERSION } from './own-symbols.mjs';
import { thisPlatform } from './platform.mjs';
import { execute, findOnPath, need, needPip, SetupError } from './tools.mjs';
import { downloadWheel } from './wheel.mjs';

const bindingVersion = '4.22.0';
/** In the order in which the binding is linked with them. */
const libraries = ['tensorflow_cc', 'tensorflow_framework'];
/** Source of the addon that mutes TensorFlow while it loads; mute.cc explains it. */
const muteSource = fileURLToPath(new URL('mute.cc', import.meta.url));
/** Source of the binding's methods for collectives. */
const collectivesSource = fileURLToPath(new URL('collectives.cc', import.meta.url));
const compilerFlags = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8'];

/** Makes `require('@tensorflow/tfjs-node-gpu')` work in this clone. `variant` is `cpu` or `gpu`. */
export async function installTensorflow(root, variant, report) {
  const platform = thisPlatform(variant);
  const library = await cachedLibrary(platform, variant, report);
  await installPartPackages(root, 'tensorflow', report);
  // Workers time students in it, and run teachers in ONNX files.
  await installPartPackages(root, 'onnx', report);
  const binding = await cachedBinding(root, platform, library, report);
  const lib = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu', 'lib');
  linkInPlace(join(binding, 'napi-v8'), join(lib, 'napi-v8'));
  linkCuda(join(library, 'nvidia', 'cuda_nvcc'), join(lib, 'cuda'));
}

/** Where the engine looks for what XLA needs to compile for a GPU: nothing with the CPU library. */
export function linkCuda(tools, path) {
  if (!existsSync(tools)) return rmSync(path, { force: true });
  const ptxas = join(tools, 'bin', 'ptxas');
  // unpacked without the mode that the wheel gives it
  if ((statSync(ptxas).mode & 0o100) === 0) chmodSync(ptxas, 0o755);
  linkInPlace(tools, path);
}

async function cachedLibrary({ wheels, suffix, strip, bindsOwn }, variant, report) {
  const wheel = wheels[variant];
  const pins = variant === 'gpu' ? nvidiaWheels.map(({ sha256 }) => sha256) : [];
  const script = unpackScript(suffix);
  const bindsHere = bindsOwn && variant === 'cpu';
  const steps = bindsHere ? [script, `own symbols ${OWN_SYMBOLS_VERSION}`] : [script];
  const recipe = shortHash(wheel.sha256, ...steps, ...pins);
  const entry = `tensorflow-${wheel.version}-${variant}-${recipe}`;
  return cached(entry, report, async (folder) => {
    needPip();
    report(`downloading the TensorFlow ${wheel.version} library (${wheel.megabytes} MB)`);
    const downloads = join(folder, 'downloads');
    mkdirSync(downloads);
    const file = await downloadWheel(wheel, downloads);
    report('unpacking the library and its headers');
    const demanded = (
      await execute('Unpacking TensorFlow', 'python3', ['-c', script, file, folder])
    )
      .split('\n')
      .filter(Boolean);
    if (variant === 'gpu') await installNvidiaLibraries(demanded, folder, downloads, report);
    rmSync(downloads, { recursive: true });
    const [cc, framework] = libraries.map((name) => join(folder, 'lib', `lib${name}${suffix}`));
    if (strip !== null && findOnPath('strip') !== null)
      await execute('Stripping TensorFlow', 'strip', [...strip, cc, framework]);
    // Node has an OpenSSL, and framework a BoringSSL: names of C stay as they are there. cc has no
    // name in common with Node 20.20, 22.21 and 24.11 and their libraries. CUDA's libraries, which
    // come beside the GPU build, were not looked through.
    if (bindsHere) bindOwnSymbols([{ file: cc }, { file: framework, names: OUTSIDE_STD }]);
  });
}

/**
 * argv: wheel, folder. Fills folder/lib and folder/include, and prints the wheels that the CUDA
 * build loads beside itself (`../nvidia`, by its rpath).
 */
function unpackScript(suffix) {
  const ending = suffix.replaceAll('.', '\\.');
  return `
import os, re, shutil, sys, zipfile
wheel, folder = sys.argv[1:]
wanted = re.compile(r'tensorflow/(lib)(tensorflow_(?:cc|framework)${ending})$|\
tensorflow/include/((?:tensorflow/c|xla/tsl/c)/.*|\
(?:tensorflow/core|tsl)/platform/ctstring.*)$')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        match = wanted.match(name)
        if match and not name.endswith('/'):
            path = os.path.join(folder, *(('lib', 'lib' + match.group(2)) if match.group(1) \
else ('include', match.group(3))))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as source, open(path, 'wb') as target:
                shutil.copyfileobj(source, target, 1 << 20)
        elif name.endswith('.dist-info/METADATA'):
            for line in archive.read(name).decode().splitlines():
                if line.startswith('Requires-Dist: nvidia-') and 'and-cuda' in line:
                    print(line.split(': ', 1)[1].split(';')[0].strip())
`;
}

async function cachedBinding(root, { suffix, link, origin }, library, report) {
  const libraryName = library.split('/').at(-1);
  const recipe = shortHash(
    libraryName,
    bindingVersion,
    JSON.stringify(bindingEdits),
    [...compilerFlags, ...link].join(' '),
    readFileSync(muteSource, 'utf8'),
    readFileSync(collectivesSource, 'utf8'),
  );
  return cached(`tfjs-binding-${bindingVersion}-${recipe}`, report, async (folder) => {
    need('g++');
    report('compiling the TensorFlow binding (about half a minute)');
    const modules = join(root, 'node_modules');
    const source = join(folder, 'source');
    const output = join(folder, 'napi-v8');
    mkdirSync(source);
    mkdirSync(output);
    writeEditedSources(join(modules, '@tensorflow', 'tfjs-node-gpu', 'binding'), source);
    const includes = [nodeHeaders(root), join(library, 'include')];
    await execute('Compiling the TensorFlow binding', 'g++', [
      ...compilerFlags,
      ...link,
      ...[source, ...includes].map((include) => `-I${include}`),
      join(source, 'tfjs_backend.cc'),
      join(source, 'tfjs_binding.cc'),
      collectivesSource,
      ...libraries.map((name) => join(library, 'lib', `lib${name}${suffix}`)),
      // relative, so that the cache folder can be copied into an image
      `-Wl,-rpath,${origin}/../../${libraryName}/lib`,
      '-o',
      join(output, 'tfjs_binding.node'),
    ]);
    await execute('Compiling the switch for its messages', 'g++', [
      ...compilerFlags,
      ...link,
      `-I${includes[0]}`,
      muteSource,
      '-o',
      join(output, 'mute.node'),
    ]);
  });
}

/** npm may have put the package into the `node_modules` of a project around this one. */
function nodeHeaders(root) {
  try {
    const main = createRequire(join(root, 'package.json')).resolve('node-api-headers');
    return join(dirname(main), 'include');
  } catch {
    throw new SetupError(
      'node-api-headers is not installed: remove node_modules and run set-up again',
    );
  }
}
