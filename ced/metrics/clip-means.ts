/**
 * Scores of clips: the mean of their chunks' probabilities, over the chunks of which the model says
 * something (left-out-chunks.ts). A clip without such a chunk has no score.
 */
import type { Chunk } from '../audio/chunks';
import type { CorpusClip } from '../corpus/corpus-clip';
import { LeftOutChunks, type LeftOut } from '../teachers/left-out-chunks';

/** A chunk of a clip. */
export interface ScoredChunk {
  clip: CorpusClip;
  /** Of the clip among all. */
  index: number;
  chunk: Chunk;
  /** Number in the clip; `chunk` is its place. */
  chunkRow: number;
}

export interface ClipScores {
  /** float32 [clips, classes] in clip order; zeros for clips without a score. */
  values: Float32Array;
  /** Chunks that are in no mean; null = none. */
  leftOut: LeftOut | null;
  /** Numbers of the clips without a score, ascending. */
  unscored: number[];
}

export class ClipMeans {
  /** In clip order. */
  readonly chunks: readonly ScoredChunk[];
  private readonly scores: Float32Array;
  private readonly used: Uint32Array;
  private readonly left: Uint32Array;
  private readonly leftOut = new LeftOutChunks();
  private finished = 0;

  /** @param model its name, for what is left out */
  constructor(
    private readonly clips: readonly CorpusClip[],
    private readonly classes: number,
    private readonly model: string,
  ) {
    this.chunks = clips.flatMap((clip, index) =>
      clip.chunks.map((chunk, chunkRow) => ({ clip, index, chunk, chunkRow })),
    );
    this.scores = new Float32Array(clips.length * classes);
    this.used = new Uint32Array(clips.length);
    this.left = Uint32Array.from(clips, ({ chunks }) => chunks.length);
  }

  /** Clips of which every chunk was added. */
  get done(): number {
    return this.finished;
  }

  /**
   * @param values float32 [chunks, classes]
   * @param faults by row, as of a prediction
   */
  add(
    chunks: readonly ScoredChunk[],
    values: Float32Array,
    faults: ReadonlyMap<number, string>,
  ): void {
    const { classes, scores } = this;
    const usable = new Set(this.leftOut.usable([{ name: this.model, faults }], chunks));
    chunks.forEach(({ clip, index }, row) => {
      if (--this.left[index]! === 0) this.finished++;
      if (!usable.has(row)) return;
      this.used[index]!++;
      const { length } = clip.chunks;
      for (let c = 0; c < classes; c++)
        scores[index * classes + c]! += values[row * classes + c]! / length;
    });
  }

  finish(): ClipScores {
    const { classes, scores, used } = this;
    const unscored: number[] = [];
    for (const [index, count] of used.entries()) {
      const { length: planned } = this.clips[index]!.chunks;
      if (count === 0) unscored.push(index);
      else if (count < planned)
        for (let at = index * classes; at < (index + 1) * classes; at++)
          scores[at]! *= planned / count;
    }
    return { values: scores, leftOut: this.leftOut.notes(this.chunks), unscored };
  }
}
