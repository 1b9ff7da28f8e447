/** Standard output of commands: texts that wait for their reader, and what keeps them from it. */
import { once } from 'node:events';

const failures = new WeakMap<NodeJS.WriteStream, Error>();
const watched = new WeakSet<NodeJS.WriteStream>();

/** Nothing more can be written to standard output. */
export class OutputFailed extends Error {
  /** Its reader has gone, as `head` does: no fault. */
  readonly isClosed: boolean;

  constructor(cause: Error) {
    super(`standard output cannot be written: ${cause.message}`, { cause });
    this.isClosed = (cause as NodeJS.ErrnoException).code === 'EPIPE';
  }
}

/** Without it the error of a write that has returned would end the process. */
function watchOutput(): void {
  const { stdout } = process;
  if (watched.has(stdout)) return;
  watched.add(stdout);
  stdout.on('error', (error: Error) => failures.set(stdout, error));
}

/**
 * Waits for a reader that is slower than this program.
 * @throws {OutputFailed}
 */
export async function print(text: string): Promise<void> {
  watchOutput();
  const { stdout } = process;
  const failure = failures.get(stdout);
  if (failure) throw new OutputFailed(failure);
  if (stdout.write(text)) return;
  await once(stdout, 'drain').catch((error: unknown) => {
    throw new OutputFailed(error as Error);
  });
}

/** Waits for the end of what was written. @throws {OutputFailed} where some of it was lost */
export async function endOutput(): Promise<void> {
  watchOutput();
  const { stdout } = process;
  await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  const failure = failures.get(stdout);
  if (failure) throw new OutputFailed(failure);
}

export function isClosedOutput(error: unknown): boolean {
  return error instanceof OutputFailed && error.isClosed;
}
