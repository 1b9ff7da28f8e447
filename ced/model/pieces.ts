/**
 * Clips longer than a model's target length are predicted in pieces of that length, the remainder
 * at its own length, and the pieces' predictions averaged by length. (The published code drops the
 * last piece where it is full; here it counts. A remainder shorter than one patch is dropped.)
 */
import { frameCount, hopSamples } from '../audio/frames';
import type { ModelConfig } from './config';

/** In frames. */
export interface Piece {
  readonly start: number;
  readonly length: number;
}

/** The spans of frames that are predicted one by one. */
export function pieceLengths(
  frames: number,
  { target_length: target, patch_size: patch }: ModelConfig,
): Piece[] {
  if (frames < patch)
    throw new RangeError(
      `${frames} frames (${(frames - 1) / 100} s) are shorter than one patch of ${patch}`,
    );
  const pieces: Piece[] = [];
  for (let start = 0; frames - start >= patch; start += target)
    pieces.push({ start, length: Math.min(target, frames - start) });
  return pieces;
}

/** Samples of the shortest clip a model can score: one patch. */
export function shortestClipSamples({ patch_size: patch }: ModelConfig): number {
  return (patch - 1) * hopSamples;
}

/** Clips of a batch whose pieces have the same whole patches: one function predicts them all. */
export interface PieceGroup {
  /** Whole patches only: what they leave over is cropped anyway. */
  readonly spans: readonly Piece[];
  readonly rows: number[];
  /** [rows, spans], row-major: each piece's share of the clip, as the average weighs it. */
  readonly shares: number[];
}

/** @param lengths samples of each row's clip */
export function groupByPieces(lengths: Int32Array, config: ModelConfig): PieceGroup[] {
  const { patch_size: patch } = config;
  const groups = new Map<string, PieceGroup>();
  lengths.forEach((samples, row) => {
    const pieces = pieceLengths(frameCount(samples), config);
    const spans = pieces.map(({ start, length }) => ({ start, length: length - (length % patch) }));
    const key = spans.map(({ length }) => length).join();
    const group = groups.get(key) ?? { spans, rows: [], shares: [] };
    groups.set(key, group);
    group.rows.push(row);
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    group.shares.push(...pieces.map(({ length }) => length / total));
  });
  return [...groups.values()];
}
