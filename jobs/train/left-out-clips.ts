/** Training without the clips that an activity of the user leaves out (contract/selection.ts). */
import { counted } from '../../ced/counted';
import { PermanentError } from '../../workflows/contract/failures';
import type { TargetRows, TrainingRow } from './training-set';

interface RowsWithTargets {
  rows: TrainingRow[];
  targets: TargetRows;
}

const NAMED = 5;

/**
 * @param leaveOut names of clips
 * @throws {PermanentError} SelectionInvalid when one is no training clip, or none would be left
 */
export function withoutClips(all: RowsWithTargets, leaveOut: readonly string[]): RowsWithTargets {
  if (leaveOut.length === 0) return all;
  const names = new Set(leaveOut);
  const known = new Set(all.rows.map(({ clip }) => clip.clip));
  const unknown = leaveOut.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw invalid(
      `${counted(unknown.length, 'name is', 'names are')} of no clip with logits, the first: ` +
        unknown.slice(0, NAMED).join(', '),
    );
  const kept = [...all.rows.keys()].filter((index) => !names.has(all.rows[index]!.clip.clip));
  if (kept.length === 0) throw invalid('every training clip is left out');
  const { targets } = all;
  return {
    rows: kept.map((index) => all.rows[index]!),
    // Stored targets are found by the row's number among all of them.
    targets: {
      augmentation: (row, index, epoch) => targets.augmentation(row, kept[index]!, epoch),
      writeTargets: (row, index, epoch, out, at) =>
        targets.writeTargets(row, kept[index]!, epoch, out, at),
    },
  };
}

function invalid(why: string): PermanentError {
  return new PermanentError('SelectionInvalid', `selection: ${why}`);
}
