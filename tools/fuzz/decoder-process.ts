/**
 * The process in which fuzzed files are decoded, one after another; its parent watches time and
 * memory and ends it.
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

export interface ValidationResult {
  /** `accepted`, the reason of a refusal, or null where an error had none: a fault. */
  outcome: string | null;
  /** The error without a reason. */
  error?: string;
  /** Most memory that this process has had so far. */
  peakBytes: number;
}

const known = new Map<string, Buffer[]>();

process.on('message', (job: Job) => void judge(job).then((verdict) => process.send?.(verdict)));
process.on('disconnect', () => process.exit());

async function judge({ root, format, seed, number }: Job): Promise<ValidationResult> {
  for (const one of FORMATS) if (!known.has(one)) known.set(one, originalsOf(one, root));
  const bytes = mutant(format, seed, number, known.get(format) ?? [], [...known.values()].flat());
  const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
  try {
    // ffmpeg has limits of its own; what is tried here is what runs inside a worker.
    await decodeClip(() => [bytes], `${format} ${number}`, { program: 'no-ffmpeg-here' });
    return { outcome: 'accepted', peakBytes: peakBytes() };
  } catch (error) {
    if (error instanceof ClipUnreadable) return { outcome: error.reason, peakBytes: peakBytes() };
    return { outcome: null, error: String(error).slice(0, 300), peakBytes: peakBytes() };
  }
}
