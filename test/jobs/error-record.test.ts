import type { ApplicationFailure } from '@temporalio/common';
import { LossNotFinite } from '../../ced/training/trainer';
import { EngineStopped } from '../../jobs/engine-jobs';
import { decodeError, encodeError } from '../../jobs/process/error-record';
import { asFailure } from '../../activities/activity-edge';
import { isTransient } from '../../storage/retry';
import { RecordDamaged } from '../../storage/record';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';

/** What the other side of a process border makes of an error. */
const across = (error: unknown): Error => decodeError(structuredClone(encodeError(error)));

const failureOf = (error: unknown): object => {
  const { type, nonRetryable, details, message } = asFailure(error) as ApplicationFailure;
  return { type, nonRetryable, details, message };
};

describe('an error that crosses a process border', () => {
  it('keeps its class, so that the other side decides as this one would', () => {
    expect(across(new EngineStopped())).toBeInstanceOf(EngineStopped);
    expect(across(new PermanentError('NoProgress', 'x'))).toBeInstanceOf(PermanentError);
    const damages = [{ kind: 'logits' as const, shard: 3 }];
    expect(across(new StoreDamaged(damages, 'x'))).toMatchObject({ damages });
    expect(across(new RecordDamaged('key', 'uri', 'torn'))).toBeInstanceOf(StoreDamaged);
  });

  it('keeps name, message and stack', () => {
    const error = new RangeError('too far');
    const { name, message, stack } = error;
    expect(across(error)).toMatchObject({ name, message, stack });
  });

  it('becomes the same Temporal failure on either side', () => {
    for (const error of [
      new LossNotFinite(7, 'NaN'),
      new PermanentError('CorpusInvalid', 'no clip'),
      new StoreDamaged([{ kind: 'model', sha256: 'a' }], 'gone'),
      Object.assign(new Error('read-only'), { code: 'EROFS' }),
    ])
      expect(failureOf(across(error))).toEqual(failureOf(error));
  });

  it('stays transient by a code, a status, a cause or one of several errors', () => {
    const full = Object.assign(new Error('no room'), { code: 'ENOSPC' });
    for (const error of [
      full,
      Object.assign(new Error('busy'), { code: 503 }),
      Object.assign(new Error('busy'), { status: 429 }),
      new Error('not written', { cause: full }),
      new AggregateError([full], 'no address answers'),
    ])
      expect(isTransient(across(error))).toBe(true);
    expect(isTransient(across(new Error('broken')))).toBe(false);
  });

  it('may be anything that is thrown, and a chain of causes may be circular', () => {
    expect(across('text')).toMatchObject({ message: 'text' });
    expect(across(undefined)).toMatchObject({ message: 'undefined' });
    const circular = new Error('again');
    circular.cause = circular;
    expect(across(circular)).toMatchObject({ message: 'again', cause: { message: 'again' } });
  });
});
