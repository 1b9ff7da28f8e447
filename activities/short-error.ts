/** An error as a failure can carry it: message, stack and causes cut to a length. */
import { shortText } from '../workflows/contract/short-text';

const LONGEST_STACK = 16_000;
/** Causes of causes beyond this depth are dropped: a chain may be circular. */
const DEEPEST_CAUSE = 4;

export function shortError(error: unknown, depth = 0): Error {
  if (!(error instanceof Error)) return new Error(shortText(String(error)));
  const { name, message, stack, cause } = error;
  const deeper = cause !== undefined && depth < DEEPEST_CAUSE;
  const short = new Error(shortText(message), {
    ...(deeper ? { cause: shortError(cause, depth + 1) } : {}),
  });
  // The stack begins with the message.
  return Object.assign(short, { name, stack: shortText(stack ?? '', LONGEST_STACK) });
}
