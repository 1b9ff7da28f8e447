// `npm run docs:check`: every relative link in a Markdown file leads to a file, every `npm run
// NAME` in it is a script, no file has lines of more than 100 columns or words that dialect.mjs
// refuses.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dialectFaults } from './dialect.mjs';

const COLUMNS = 100;
const TEXT = /\.(md|[cm]?[jt]s|css|ya?ml|sh|py|go|cc)$|Dockerfile$|^\.ci\/run$/;
/** Files that spell the refused words, and files that a program has made. */
const EXEMPT = [
  /^tools\/dialect\.mjs$/,
  /^test\/tools\/check-documents\.test\.ts$/,
  /^ced\/audio\/compiled\//,
  /^test\/.*\/golden\/\w+\//,
];
/** ESLint checks the lines of these. */
const LINTED = /^(?!ced\/audio\/assembly\/).*\.ts$/;
/** A table row, an address and the digest of an image cannot be wrapped. */
const UNWRAPPABLE = /^\s*\||https?:\/\/\S{40}|@sha256:/;

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(
    (path) => TEXT.test(path) && !EXEMPT.some((exempt) => exempt.test(path)) && existsSync(path),
  );
const documents = files.filter((path) => path.endsWith('.md'));
const faults = [];

for (const file of documents) {
  const text = readFileSync(file, 'utf8');
  const prose = text.replace(/```[\s\S]*?```/g, '');
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    const path = target.split('#')[0];
    if (path !== '' && !/^[a-z]+:/.test(path) && !existsSync(join(dirname(file), path)))
      faults.push(`${file}: link to ${target}, which does not exist`);
  }
  for (const [, name] of text.matchAll(/npm run (?:--silent |-s )?([a-z][\w:-]*)/g))
    if (scripts[name] === undefined) faults.push(`${file}: npm run ${name}, which is not a script`);
}

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  faults.push(...dialectFaults(file, text));
  if (LINTED.test(file)) continue;
  for (const [index, line] of text.split('\n').entries())
    if ([...line].length > COLUMNS && !UNWRAPPABLE.test(line))
      faults.push(`${file}:${index + 1}: ${[...line].length} columns, more than ${COLUMNS}`);
}

for (const fault of faults) console.error(fault);
console.log(`${documents.length} documents, ${files.length} files, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
