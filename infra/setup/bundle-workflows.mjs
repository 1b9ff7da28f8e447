// argv: compiled workflow entry, bundle to write. A pre-built bundle lets a worker start in a
// second, and every worker of a release runs the same code.
import { bundleWorkflowCode } from '@temporalio/worker';
import { renameSync, writeFileSync } from 'node:fs';

const [workflowsPath, bundlePath] = process.argv.slice(2);
const { code } = await bundleWorkflowCode({ workflowsPath });
writeFileSync(`${bundlePath}.new`, code);
renameSync(`${bundlePath}.new`, bundlePath);
