/**
 * Bytes that claim a format of ours and don't keep it: truncated, of another version, or of another
 * program. Reading them again can't help, so callers turn it into one of their permanent
 * errors.
 */
export type Format =
  | 'npy'
  | 'table'
  | 'audio shard table'
  | 'logit shard'
  | 'logit rows'
  | 'vocabulary'
  | 'teacher'
  | 'published logits'
  | 'Parquet file';

export class FormatInvalid extends Error {
  readonly code = 'FormatInvalid';
  override readonly name = 'FormatInvalid';

  constructor(
    readonly format: Format,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`not a valid ${format}: ${detail}`, options);
  }
}
