// The list of components as CycloneDX 1.5, one component a line, in the order of their references.
// It has neither serial number nor time, so that the same inputs give the same file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmComponents } from './npm-components.mjs';
import { otherComponents } from './other-components.mjs';

/** @param root the clone, with its Node packages installed */
export async function sbomText(root) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const head = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': `${name}@${version}`,
        name,
        version,
        licenses: [{ license: { id: license } }],
      },
    },
  };
  const lines = [...(await npmComponents(root)), ...otherComponents(root)]
    .map((component) => JSON.stringify({ 'bom-ref': reference(component), ...component }))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const before = JSON.stringify(head, null, 2).replace(/\n\}$/, '');
  return `${before},\n  "components": [\n    ${lines.join(',\n    ')}\n  ]\n}\n`;
}

/** One package may serve several parts, in one version or in several. */
function reference({ purl, properties = [] }) {
  const part = properties.find(({ name }) => name === 'ced:used-for')?.value;
  return part === undefined ? purl : `${purl} (${part})`;
}
