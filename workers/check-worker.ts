/** Refuses arguments of `npm run worker` before set-up, which may take minutes. */
import { parseWorkerOptions } from './worker-options';

/** @throws with a one-line message */
export function check(argv: readonly string[]): void {
  parseWorkerOptions(argv, process.env);
}
