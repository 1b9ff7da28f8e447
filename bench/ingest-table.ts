/**
 * The table of `npm run bench -- ingest`: the work of both sides, their speeds, and whether the
 * goal is reached.
 */

export type Kind = 'flac' | 'wav';

/** Our speed over Python's, at least. */
const GOAL = 1;

const FILES: Record<Kind, string> = {
  flac: 'FLAC 44.1 kHz stereo',
  wav: 'WAV 16 kHz mono, not resampled',
};

/** @param libraries of the Python side with their versions, as it prints them */
export function ingestHead(
  libraries: string,
  { clips, clipSeconds, rounds }: { clips: number; clipSeconds: number; rounds: number },
): string {
  const columns = ['files', 'ours', 'Python', 'ours / Python', 'goal'];
  return [
    'Both sides: read, decode, resample to 16 kHz mono, hash every clip, write and fsync one ' +
      `shard of ${clips} clips of ${clipSeconds} s.`,
    `Python: ${libraries}, quality VHQ. Seconds of audio per CPU second, medians of ${rounds}.`,
    '',
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
  ].join('\n');
}

/** Speeds in seconds of audio per CPU second. */
export function ingestRow(kind: Kind, ours: number, theirs: number): string {
  const ratio = ours / theirs;
  const goal = `at least ${GOAL.toFixed(1)}${ratio >= GOAL ? '' : ' missed'}`;
  return line([FILES[kind], ours.toFixed(0), theirs.toFixed(0), ratio.toFixed(2), goal]);
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
