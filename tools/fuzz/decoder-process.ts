/**
 * The process that decodes fuzzed files of one format, one after another; its parent watches time
 * and memory and ends it.
 */
import { decodeClip } from '../../activities/ingest/decode-clip';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import type { DecodeResult, Job } from './fuzz-format';
import { mutant } from './mutate';
import { FORMATS, originalsOf } from './originals';

const [root = '.', name = ''] = process.argv.slice(2);
const format = FORMATS.find((each) => each === name) ?? 'wav';
const originals = originalsOf(format, root);
const others = FORMATS.flatMap((each) => originalsOf(each, root));

process.on('message', (job: Job) => void decode(job).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function decode({ seed, number }: Job): Promise<DecodeResult> {
  const bytes = mutant(format, seed, number, originals, others);
  const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
  try {
    // Without ffmpeg: only the decoders inside a worker are tested; ffmpeg has limits of its own.
    await decodeClip(() => [bytes], `${format} ${number}`, { program: 'no-ffmpeg-here' });
    return { outcome: 'accepted', peakBytes: peakBytes() };
  } catch (error) {
    if (error instanceof ClipUnreadable) return { outcome: error.reason, peakBytes: peakBytes() };
    return {
      outcome: null,
      error: `an error without a reason: ${String(error).slice(0, 300)}`,
      peakBytes: peakBytes(),
    };
  }
}
