/**
 * The process that reads files of one format which lie, one after another. While it reads one it
 * serves another run: it reads a good file, which must come out as it is. Its parent watches time
 * and memory.
 */
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { FormatInvalid } from '../../../ced/format-invalid';
import { UsageError } from '../../../infra/command-line/usage-error';
import { PermanentError } from '../../../workflows/contract/failures';
import type { DecodeResult, Job } from '../fuzz-format';
import { forgedFile } from './forged-file';
import type { Forgery, StructuredFormat } from './forgery';
import { openFormat, type StructuredFormatName } from './formats';

/** What reading a file came to. */
type Outcome = 'typed error' | 'exact value' | 'own value' | { fault: string };

const TYPED = [ClipUnreadable, FormatInvalid, PermanentError, UsageError];

const [root = '.', name = ''] = process.argv.slice(2);
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
process.on('disconnect', () => process.exit());
void openFormat(name as StructuredFormatName, root).then((format) => {
  process.on('message', (job: Job) => {
    const failed = (error: unknown): DecodeResult => ({
      outcome: null,
      error: `the file was not made: ${String(error)}`,
      peakBytes: 0,
    });
    void readForgery(format, job)
      .catch(failed)
      .then((result) => process.send?.(result));
  });
  process.send?.('ready');
});

async function readForgery(format: StructuredFormat, { seed, number }: Job): Promise<DecodeResult> {
  const forgery = await forgedFile(format, name, seed, number);
  const [outcome, neighbour] = await Promise.all([
    outcomeOf(format, forgery, `lie-${number}`),
    number % (format.goodEvery ?? 1) === 0
      ? outcomeOf(format, format.good, 'good')
      : ('exact value' as const),
  ]);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const result = (outcome: string | null, error?: string): DecodeResult => ({
    outcome,
    peakBytes,
    ...(error === undefined ? {} : { error: `${error} (${forgery.lies.join('; ')})` }),
  });
  if (neighbour !== 'exact value')
    return result(null, `a good file beside it: ${JSON.stringify(neighbour)}`);
  if (unhandled.length > 0) return result(null, `unhandled: ${String(unhandled.pop())}`);
  return typeof outcome === 'string' ? result(outcome) : result(null, outcome.fault);
}

async function outcomeOf(
  format: StructuredFormat,
  { bytes, readings }: Forgery,
  name: string,
): Promise<Outcome> {
  try {
    const reading = await format.read(bytes, name);
    if (readings?.includes(reading)) return 'exact value';
    if (readings) return { fault: `a wrong value, ${reading}` };
    const again = await format.read(bytes, name);
    return again === reading ? 'own value' : { fault: `${reading}, then ${again}` };
  } catch (error) {
    if (TYPED.some((type) => error instanceof type)) return 'typed error';
    return { fault: `no typed error: ${String(error).slice(0, 300)}` };
  }
}
