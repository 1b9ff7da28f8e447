/**
 * `npm run teach`: trains the demo's teachers with the `teach` workflow and puts them, small and
 * with their scores, where the demo finds them.
 */
import { join, resolve } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { conductRun } from './conduct-run';
import { renderTeachCorpus, TEACH_CORPUS } from './demo-corpus';
import { reportFailure } from '../failure';
import { readRunFile } from './run-file';
import { parseTeachOptions, TEACH_HELP } from './start-options';
import { exportTeachers } from '../models/teacher-export';

async function main(): Promise<number> {
  const options = parseTeachOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(`${TEACH_HELP}\n`);
    return 0;
  }
  const { corpus } = readRunFile(options.runFile, 'teach');
  if (corpus.train.startsWith(`${TEACH_CORPUS}/`)) await renderTeachCorpus(repositoryRoot);
  const out = resolve(options.out);
  return await conductRun(options, async (done, say) => {
    await exportTeachers({
      ...done,
      runFile: options.runFile,
      command: 'npm run teach',
      root: repositoryRoot,
      out,
    });
    say(`\nModels and scores: ${join(options.out, 'README.md')}`);
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    reportFailure(error);
    process.exit();
  },
);
