/**
 * An error as plain data, for the borders between processes and threads. Structured clone keeps an
 * error's name, message and stack; what decides whether a retry can help (`code`, `status`,
 * damages, causes) would be lost.
 */
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import { isPermanentFailure, PermanentError } from '../../workflows/contract/failures';
import { EngineStopped } from '../engine-jobs';

export interface ErrorRecord {
  name: string;
  message: string;
  stack: string | null;
  /** Type of a permanent failure, code of a system error, or status of a server. */
  code?: string | number;
  /** HTTP status of a server. */
  status?: number;
  damages?: Damage[];
  cause?: ErrorRecord;
  /** Of an `AggregateError`. */
  errors?: ErrorRecord[];
}

/** Causes of causes beyond this depth are dropped: a chain may be circular. */
const DEEPEST_CAUSE = 4;

export function encodeError(error: unknown, depth = 0): ErrorRecord {
  if (!isError(error)) return { name: 'Error', message: String(error), stack: null };
  const { name, message, stack = null, cause } = error;
  const { code, status, damages, errors } = error as {
    code?: unknown;
    status?: unknown;
    damages?: Damage[];
    errors?: unknown;
  };
  const deeper = depth < DEEPEST_CAUSE;
  return {
    name,
    message,
    stack,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(damages ? { damages } : {}),
    ...(deeper && isError(cause) ? { cause: encodeError(cause, depth + 1) } : {}),
    ...(deeper && Array.isArray(errors)
      ? { errors: errors.map((each) => encodeError(each, depth + 1)) }
      : {}),
  };
}

export function decodeError(record: ErrorRecord): Error {
  const { name, stack, code, status, cause, errors } = record;
  const error = withoutDetails(record);
  if (stack !== null) error.stack = stack;
  return Object.assign(error, {
    name,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(cause ? { cause: decodeError(cause) } : {}),
    ...(errors ? { errors: errors.map(decodeError) } : {}),
  });
}

function withoutDetails({ name, message, code, damages }: ErrorRecord): Error {
  if (name === 'EngineStopped') return new EngineStopped();
  if (damages) return new StoreDamaged(damages, message);
  if (isPermanentFailure(code)) return new PermanentError(code, message);
  return new Error(message);
}

/** Errors of native bindings may come from another realm, where `instanceof` fails. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value;
}
