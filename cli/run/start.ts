/** `npm start`: the demo, or any run file, from nothing to a scored student on this machine. */
import { conductRun } from './conduct-run';
import { reportFailure } from '../failure';
import { parseStartOptions, START_HELP } from './start-options';

async function main(): Promise<number> {
  const options = parseStartOptions(process.argv.slice(2));
  if (options !== null) return await conductRun(options, () => Promise.resolve());
  process.stdout.write(`${START_HELP}\n`);
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    reportFailure(error);
    process.exit();
  },
);
