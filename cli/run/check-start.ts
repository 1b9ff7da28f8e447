/** Refuses arguments and run files of `npm start` before set-up, which may take minutes. */
import { parseStartOptions } from './start-options';
import { readRunFile } from './run-file';

/** @throws {UsageError} */
export function check(argv: readonly string[]): void {
  const options = parseStartOptions(argv);
  if (options !== null) readRunFile(options.runFile, options.type);
}
