/** `npm start`: runs the demo, or any run file, on this machine. */
import { runProgram } from '../failure';
import { conductRun } from './conduct-run';
import { parseStartOptions, START_HELP } from './start-options';

runProgram(async (argv) => {
  const options = parseStartOptions(argv);
  if (options !== null) return await conductRun(options, () => Promise.resolve());
  process.stdout.write(`${START_HELP}\n`);
  return 0;
});
