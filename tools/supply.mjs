// `npm run supply`: writes sbom.cdx.json, what the project is made of (CycloneDX 1.5), and
// THIRD-PARTY-NOTICES, the licences of the Node packages that a worker's image contains. Both
// depend on files of this clone alone: no time, no serial number, no network.
// usage: node tools/supply.mjs [--check]
// --check writes nothing; the exit status says whether both files are up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SetupError } from '../infra/setup/tools.mjs';
import { noticesText } from './supply/notices.mjs';
import { sbomText } from './supply/sbom.mjs';

const documents = {
  'sbom.cdx.json': sbomText,
  'THIRD-PARTY-NOTICES': noticesText,
};

try {
  for (const [file, make] of Object.entries(documents)) {
    const text = await make('.');
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (before === text) continue;
    if (!process.argv.includes('--check')) writeFileSync(file, text);
    else {
      console.error(`${file} is out of date, run npm run supply: ${firstDifference(before, text)}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function firstDifference(before, after) {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  const at = fresh.findIndex((line, index) => line !== old[index]);
  return `line ${at + 1} would be ${(fresh[at] ?? 'left out').slice(0, 120)}`;
}
