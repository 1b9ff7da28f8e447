/**
 * The process that decodes fuzzed files, one after another; its parent watches time and memory and
 * ends it.
 */
import { decodeClip } from '../../activities/ingest/decode-clip';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { FORMATS, originalsOf, type FuzzedFormat } from './originals';
import { mutant } from './mutate';

export interface Job {
  root: string;
  format: FuzzedFormat;
  seed: number;
  number: number;
}

export interface DecodeResult {
  /** `accepted`, or the reason of a refusal; null for an error without a reason, a fault. */
  outcome: string | null;
  /** The error without a reason. */
  error?: string;
  /** Peak memory of this process so far. */
  peakBytes: number;
}

const known = new Map<string, Buffer[]>();

process.on('message', (job: Job) => void decode(job).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());

async function decode({ root, format, seed, number }: Job): Promise<DecodeResult> {
  for (const one of FORMATS) if (!known.has(one)) known.set(one, originalsOf(one, root));
  const bytes = mutant(format, seed, number, known.get(format) ?? [], [...known.values()].flat());
  const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
  try {
    // Without ffmpeg: only the decoders inside a worker are tested; ffmpeg has limits of its own.
    await decodeClip(() => [bytes], `${format} ${number}`, { program: 'no-ffmpeg-here' });
    return { outcome: 'accepted', peakBytes: peakBytes() };
  } catch (error) {
    if (error instanceof ClipUnreadable) return { outcome: error.reason, peakBytes: peakBytes() };
    return { outcome: null, error: String(error).slice(0, 300), peakBytes: peakBytes() };
  }
}
