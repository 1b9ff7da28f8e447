import { INSTRUMENTS, instrumentMid } from './classes';
import { clipLabels } from './clip';
import type { SplitRecipe } from './recipe';

/**
 * The corpus as the pipeline reads it: one JSONL table per split and a vocabulary in AudioSet's
 * layout.
 */

export function clipId(split: SplitRecipe, index: number): string {
  return `${split.split}-${String(index).padStart(5, '0')}`;
}

/** Path of a clip's audio, relative to the folder of the tables. */
export function clipPath(split: SplitRecipe, index: number): string {
  return `audio/${split.split}/${clipId(split, index)}.wav`;
}

/** One JSON object a line: `{"clip", "audio", "labels"}`. */
export function splitTable(split: SplitRecipe): string {
  const rows = Array.from({ length: split.clips }, (_, index) => ({
    clip: clipId(split, index),
    audio: clipPath(split, index),
    labels: clipLabels(split, index),
  }));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** `index,mid,display_name`, names quoted as in AudioSet's class_labels_indices.csv. */
export function vocabularyCsv(): string {
  const rows = INSTRUMENTS.map(
    (instrument, index) => `${index},${instrumentMid(instrument)},"${instrument.name}"\n`,
  );
  return `index,mid,display_name\n${rows.join('')}`;
}
