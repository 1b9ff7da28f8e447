/**
 * The closed set of permanent failures (design: typed, non-retryable). Everything that is not in it
 * retries for ever with capped back-off. A failure's `type` is what Temporal shows and what retry
 * policies name; its message is one line that names the thing and the remedy.
 */
export const PERMANENT_FAILURES = [
  'RunFileInvalid',
  'CorpusInvalid',
  'TeacherInvalid',
  'LogitsMismatch',
  'CheckpointIncompatible',
  'LossNotFinite',
  'StorageDenied',
  'RecordTooNew',
  'NoProgress',
  'FormatInvalid',
  'TeacherChanged',
  'ContractUnknown',
  'SelectionInvalid',
] as const;

export type PermanentFailureType = (typeof PERMANENT_FAILURES)[number];

/** Narrows an error's `code`/`type` to a permanent failure. */
export function isPermanentFailure(type: unknown): type is PermanentFailureType {
  return typeof type === 'string' && (PERMANENT_FAILURES as readonly string[]).includes(type);
}

/**
 * An error that no retry can resolve. Crosses the engine's process border by its `code`; the worker
 * turns it into a non-retryable failure.
 */
export class PermanentError extends Error {
  constructor(
    readonly code: PermanentFailureType,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = code;
  }
}
