/** Standard output of commands that print while they work. */
import { once } from 'node:events';

const failures = new WeakMap<NodeJS.WriteStream, Error>();
const watched = new WeakSet<NodeJS.WriteStream>();

/**
 * Waits for a reader that is slower than this program.
 * @throws an error that `isClosedOutput` knows once the reader has closed it, as `head` does
 */
export async function print(text: string): Promise<void> {
  const { stdout } = process;
  if (!watched.has(stdout)) {
    watched.add(stdout);
    // Without a listener the error of a write that has returned would end the process.
    stdout.on('error', (error: Error) => failures.set(stdout, error));
  }
  const failure = failures.get(stdout);
  if (failure) throw failure;
  if (!stdout.write(text)) await once(stdout, 'drain');
}

export function isClosedOutput(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}
