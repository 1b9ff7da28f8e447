// The licences of the Node packages that a worker's image contains (`npm prune --omit=dev`). Many
// packages have the same text under other names, so each text comes once, with the packages and
// copyright lines that it holds for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../infra/setup/tools.mjs';

const LICENCE_FILE = /^(licen[sc]e|copying|notice|third.?party)(?!.*\.(js|ts|map|html)$)/i;
const COPYRIGHT_LINE = /^\W*(copyright\s+(\(c\)|©|\d{4}|\[)|\(c\)|©)/i;
const RULE = '='.repeat(80);

const preamble = `Licences of third parties

Made by \`npm run supply\` from package-lock.json and the installed packages: the Node packages that
are left without development dependencies, as in a worker's image. docs/licences.md describes what
else a run uses, and what is missing here: native code inside some packages.
`;

/** @param root the clone, with its Node packages installed */
export function noticesText(root) {
  const terms = termsOfApache(readFileSync(join(root, 'LICENSE'), 'utf8'));
  const texts = new Map();
  const bare = [];
  for (const found of productionPackages(root)) {
    const licences = licencesOf(found.folder, terms);
    if (licences.length === 0) bare.push(found);
    for (const { key, whole, body, copyrights } of licences) {
      const text = texts.get(key) ?? { whole, body, holders: [] };
      texts.set(key, text);
      text.holders.push({ title: found.title, copyrights });
    }
  }
  const sections = [...texts.values()]
    .sort(
      (a, b) =>
        b.holders.length - a.holders.length || order(a.holders[0].title, b.holders[0].title),
    )
    .map(sectionOf);
  const declared = bare.map(({ title, by }) => `${title}${by === '' ? '' : `\n    by ${by}`}`);
  const last = `Packages that contain no licence file; each declares the licence behind its name

${declared.join('\n')}`;
  return `${[preamble.trim(), ...sections, last].join(`\n\n${RULE}\n\n`)}\n`;
}

function sectionOf({ whole, body, holders }) {
  if (holders.length === 1) return `${holders[0].title}\n\n${whole}`;
  const names = holders.map(({ title, copyrights }) => [title, ...copyrights].join('\n    '));
  return `${names.join('\n')}\n\n${body}`;
}

/** In the order of their names; a package that lies in several folders comes once. */
function productionPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  // set-up adds them to a worker without what they depend on (infra/setup/part-packages.mjs)
  const peers = Object.keys(packages[''].peerDependencies ?? {});
  const found = new Map();
  for (const [path, locked] of Object.entries(packages)) {
    const { version, license, dev, optional, os, cpu } = locked;
    const folderName = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const name = locked.name ?? folderName; // an alias has both
    if (path === '' || (dev && !peers.includes(name))) continue;
    const title = `${name} ${version} (${license ?? 'licence not declared'})`;
    // Compiled for one platform: npm installs them where they fit.
    const folder = optional && (os || cpu) ? null : join(root, path);
    const by =
      folder === null
        ? 'the authors of the package that chooses it by platform'
        : author(folder, version);
    found.set(title, { title, folder, by });
  }
  return [...found.values()].sort((a, b) => order(a.title, b.title));
}

function author(folder, version) {
  const file = join(folder, 'package.json');
  const installed = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (installed.version !== version)
    throw new SetupError(`${folder} is not version ${version} of package-lock.json: run npm ci`);
  const given = installed.author;
  return (typeof given === 'object' ? given.name : given) ?? '';
}

function licencesOf(folder, terms) {
  if (folder === null) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
    .map(({ name }) => name)
    .sort(order)
    .flatMap((name) => parts(readFileSync(join(folder, name), 'utf8'), terms));
}

/** A licence file's copyright lines, and its text without them. */
function parts(file, terms) {
  const lines = file
    .replaceAll('\r', '')
    .replace(/^\ufeff/, '')
    .split('\n');
  const isCopyright = (line) => COPYRIGHT_LINE.test(line) && !line.includes('[yyyy]');
  const copyrights = [...new Set(lines.filter(isCopyright).map((line) => line.trim()))];
  const whole = tidy(lines);
  const body = tidy(lines.filter((line) => !isCopyright(line)));
  const plain = words(body);
  if (!plain.includes(terms)) return [{ key: plain, whole, body, copyrights }];
  const text = "Apache License, Version 2.0: its text is in this project's LICENSE";
  const apache = { key: terms, whole: text, body: text, copyrights };
  const more = plain.replace(terms, '').replace(APPENDIX, '').trim();
  // Besides the terms such a file may hold licences of other code.
  return words(more).length < 40 ? [apache] : [apache, { key: plain, whole, body, copyrights: [] }];
}

/** What stands behind the terms as a form to fill in; its copyright line may be filled in. */
const APPENDIX = /appendix how to apply .*? limitations under the license/;

function tidy(lines) {
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}

/** Words alone: line breaks, quotation marks and bullets differ between copies of one text. */
function words(text) {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

function termsOfApache(license) {
  const text = words(license);
  const end = 'end of terms and conditions';
  return text.slice(text.indexOf('terms and conditions for use'), text.indexOf(end) + end.length);
}

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
