/** The views of a shard's chunks in the order of its rows: by clip, chunk and view. */
import type { Chunk } from '../audio/chunks';
import {
  drawAugmentation,
  type AugmentConfig,
  type AugmentParameters,
} from '../augment/parameters';

export interface ViewsSettings {
  readonly views: number;
  readonly seed: number;
  readonly augment: AugmentConfig;
}

interface ChunkedClip {
  /** Hex SHA-256 of its samples at 16 kHz: every rate has the same augmentation. */
  readonly sha256: string;
  /** At 16 kHz. */
  readonly chunks: readonly Chunk[];
}

export interface DrawnView<Clip> {
  clip: Clip;
  /** Of `clip` among the clips. */
  clipRow: number;
  /** Number in the clip; `chunk` is its place. */
  chunkRow: number;
  chunk: Chunk;
  view: number;
  /** At 16 kHz. */
  parameters: AugmentParameters;
}

export function* drawViews<Clip extends ChunkedClip>(
  clips: readonly Clip[],
  { views, seed, augment }: ViewsSettings,
): Generator<DrawnView<Clip>> {
  for (const [clipRow, clip] of clips.entries())
    for (const [chunkRow, chunk] of clip.chunks.entries())
      for (let view = 0; view < views; view++) {
        const identity = { seed, clipSha256: clip.sha256, chunk: chunkRow, view };
        const parameters = drawAugmentation(augment, identity, chunk.length);
        yield { clip, clipRow, chunkRow, chunk, view, parameters };
      }
}
