// `npm run docs:check`: every relative link in a Markdown file leads to a file, and every `npm run
// NAME` in it is a script.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { encoding: 'utf8' },
)
  .split('\n')
  .filter(Boolean);
const faults = [];

for (const file of files.filter((path) => existsSync(path))) {
  const text = readFileSync(file, 'utf8');
  const prose = text.replace(/```[\s\S]*?```/g, '');
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    const path = target.split('#')[0];
    if (path !== '' && !/^[a-z]+:/.test(path) && !existsSync(join(dirname(file), path)))
      faults.push(`${file}: link to ${target}, which does not exist`);
  }
  for (const [, name] of text.matchAll(/npm run (?:--silent |-s )?([a-z][a-z:-]*)/g))
    if (scripts[name] === undefined) faults.push(`${file}: npm run ${name}, which is not a script`);
}

for (const fault of faults) console.error(fault);
console.log(`${files.length} documents, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
