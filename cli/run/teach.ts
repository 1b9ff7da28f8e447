/**
 * `npm run teach`: trains the demo's teachers with the `teach` workflow and copies them, in float16
 * and with their scores, to the folder that the demo reads.
 */
import { join } from 'node:path';
import { projectRoot } from '../../infra/package-root';
import { runProgram } from '../failure';
import { exportTeachers } from '../models/teacher-export';
import { conductRun } from './conduct-run';
import { renderTeachCorpus, TEACH_CORPUS } from './demo-corpus';
import { readRunFile } from './run-file';
import { shortPath } from '../short-path';
import { refuseUnwritable } from '../unwritable';
import { parseTeachOptions, TEACH_HELP } from './start-options';
import { teachersFolder } from './teachers-folder';

runProgram(async (argv) => {
  const options = parseTeachOptions(argv);
  if (options === null) {
    process.stdout.write(`${TEACH_HELP}\n`);
    return 0;
  }
  const run = readRunFile(options.runFile, 'teach');
  const out = teachersFolder(projectRoot, options.out, options.runFile, run);
  refuseUnwritable(out);
  if (run.corpus.train.startsWith(`${TEACH_CORPUS}/`)) await renderTeachCorpus(projectRoot);
  return await conductRun(options, async (done, say) => {
    await exportTeachers({
      ...done,
      runFile: options.runFile,
      command: 'npm run teach',
      root: projectRoot,
      out,
    });
    say(`\nModels and scores: ${shortPath(join(out, 'README.md'))}`);
  });
});
