/**
 * `npm run teach`: trains the demo's teachers with the `teach` workflow and copies them, in float16
 * and with their scores, to the folder that the demo reads.
 */
import { join, resolve } from 'node:path';
import { projectRoot } from '../../infra/package-root';
import { runProgram } from '../failure';
import { exportTeachers } from '../models/teacher-export';
import { conductRun } from './conduct-run';
import { renderTeachCorpus, TEACH_CORPUS } from './demo-corpus';
import { readRunFile } from './run-file';
import { parseTeachOptions, TEACH_HELP } from './start-options';

runProgram(async (argv) => {
  const options = parseTeachOptions(argv);
  if (options === null) {
    process.stdout.write(`${TEACH_HELP}\n`);
    return 0;
  }
  const { corpus } = readRunFile(options.runFile, 'teach');
  if (corpus.train.startsWith(`${TEACH_CORPUS}/`)) await renderTeachCorpus(projectRoot);
  const out = resolve(options.out);
  return await conductRun(options, async (done, say) => {
    await exportTeachers({
      ...done,
      runFile: options.runFile,
      command: 'npm run teach',
      root: projectRoot,
      out,
    });
    say(`\nModels and scores: ${join(options.out, 'README.md')}`);
  });
});
