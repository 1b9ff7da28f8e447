import { DefaultFailureConverter, DefaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { asFailure } from '../../activities/activity-edge';
import { FormatInvalid } from '../../ced/format-invalid';
import { decodeError, encodeError } from '../../jobs/process/error-record';
import { acceptRun } from '../../workflows/accept-run';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';

const HUGE = 'x'.repeat(5_000_000);
/** A server refuses failures of more than 2 MB; ours stay far below. */
const MOST_BYTES = 500_000;

function bytesOf(error: unknown): number {
  const failure = new DefaultFailureConverter().errorToFailure(
    error,
    new DefaultPayloadConverter(),
  );
  return temporal.api.failure.v1.Failure.encode(failure).finish().length;
}

function circular(): Error {
  const error = new Error(HUGE);
  error.cause = new AggregateError([error], HUGE, { cause: error });
  return error;
}

describe('a failure', () => {
  it.each([
    ['a permanent error', new PermanentError('CorpusInvalid', `table ${HUGE} remedy`)],
    ['an error of the system', Object.assign(new Error(HUGE), { code: 'EACCES' })],
    ['any other error', Object.assign(new Error(HUGE), { stack: `${HUGE}\n at here` })],
    ['an error with a circle of causes', circular()],
    ['what is no error', HUGE],
    [
      'damage of a whole store',
      new StoreDamaged(
        Array.from({ length: 100_000 }, (_, shard): Damage => ({ kind: 'logits', shard })),
        HUGE,
      ),
    ],
  ])('is never larger than Temporal takes: %s', (_, error) => {
    expect(bytesOf(asFailure(error))).toBeLessThan(MOST_BYTES);
    expect(bytesOf(asFailure(decodeError(encodeError(error))))).toBeLessThan(MOST_BYTES);
  });

  it('keeps its type, its beginning and its end', () => {
    expect(asFailure(new PermanentError('CorpusInvalid', `table ${HUGE} remedy`))).toMatchObject({
      type: 'CorpusInvalid',
      nonRetryable: true,
      message: expect.stringMatching(
        /^table x+ … \(\d+ characters left out\) … x+ remedy$/,
      ) as string,
    });
    expect(asFailure(Object.assign(new TypeError('short'), { stack: HUGE }))).toMatchObject({
      name: 'TypeError',
      message: 'short',
    });
  });

  it('of an invalid run file is never larger, whatever was wrong in it', () => {
    const wrong = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${at}`, at]));
    for (const run of [wrong, { [HUGE]: 1 }]) {
      let thrown: unknown;
      try {
        acceptRun(z.strictObject({}), run);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ type: 'RunFileInvalid', nonRetryable: true });
      expect(bytesOf(thrown)).toBeLessThan(MOST_BYTES);
    }
  });

  it('of bytes that are not of their format is permanent', () => {
    const error = new FormatInvalid('vocabulary', 'line 3 has two fields');
    for (const failure of [asFailure(error), asFailure(decodeError(encodeError(error)))])
      expect(failure).toMatchObject({ type: 'FormatInvalid', nonRetryable: true });
  });
});
