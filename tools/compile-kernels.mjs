// `npm run kernels`: compiles the AssemblyScript in ced/audio/assembly to ced/audio/compiled, as
// text, so that the program needs neither a build step nor a file beside it.
// usage: node tools/compile-kernels.mjs [--check]
// --check writes nothing; the exit status says whether the compiled kernels are up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const audio = join(dirname(fileURLToPath(import.meta.url)), '..', 'ced', 'audio');
/** Kernels and the pages of 64 KiB that each starts with. */
const kernels = { 'flac/flac-frame': 98, convolve: 1, quantise: 2 };
const options = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--enable',
  'simd',
  '--outFile',
  'kernel.wasm',
];

for (const [source, pages] of Object.entries(kernels)) {
  const name = basename(source);
  let binary;
  const { error, stderr } = await asc.main(
    [`${source}.ts`, ...options, '--initialMemory', String(pages)],
    {
      readFile: (file) => {
        const path = join(audio, 'assembly', file);
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      },
      writeFile: (file, content) => void (file === 'kernel.wasm' && (binary = content)),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${source}.ts does not compile:\n${stderr}`, { cause: error });
  const constant = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const base64 = Buffer.from(binary).toString('base64');
  const text =
    `// Made from ../assembly/${source}.ts by \`npm run kernels\`.\n` +
    `export const ${constant}Wasm =\n  '${base64}';\n`;
  const file = join(audio, 'compiled', `${name}.ts`);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not what ../assembly/${source}.ts compiles to; run npm run kernels`);
    process.exitCode = 1;
  }
}
