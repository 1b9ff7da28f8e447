/** `npm run docs`: writes the documents that are made from the code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../infra/toolchain';
import { writeOutputSchemas } from './output-schemas';
import { runFileReference } from './run-file-reference';

const docs = join(repositoryRoot, 'docs');
writeFileSync(join(docs, 'run-file.md'), runFileReference());
writeOutputSchemas(join(docs, 'json'));
console.log('docs/run-file.md and docs/json written');
