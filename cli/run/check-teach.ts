/** Refuses arguments and run files of `npm run teach` before set-up, which may take minutes. */
import { parseTeachOptions } from './start-options';
import { readRunFile } from './run-file';

/** @throws {UsageError} */
export function check(argv: readonly string[]): void {
  const options = parseTeachOptions(argv);
  if (options !== null) readRunFile(options.runFile, options.type);
}
