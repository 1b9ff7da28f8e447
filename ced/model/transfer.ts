/**
 * What a model takes over from the checkpoint that it starts from: the encoder whole, the rows of
 * the head that its classes know, and time positions, stretched where chunks are longer than the
 * checkpoint's. It has the checkpoint's shape in everything but classes and length.
 */
import type { Vocabulary } from '../teachers/vocabulary';
import type { ModelConfig } from './config';
import { countTaken, headRows, withNewHead, type HeadRows } from './new-head';
import { parameterSpecs, patchGrid } from './parameters';
import { fitPositions, type Weights } from './weights';

export interface Transfer {
  /** Of the model that starts. */
  readonly config: ModelConfig;
  /** Where the rows of a new head come from; null = the checkpoint's head is taken over whole. */
  readonly head: HeadRows | null;
  /** How many of the model's classes start with a row of the checkpoint. */
  readonly classesTaken: number;
  /** Patches in time that the positions cover; null where they stay. */
  readonly positions: { readonly from: number; readonly to: number } | null;
}

/** @param frames of the longest chunk that the model is trained on */
export function transferFrom(
  checkpoint: ModelConfig,
  vocabulary: Vocabulary,
  frames: number,
): Transfer {
  const config = {
    ...checkpoint,
    target_length: coveringLength(checkpoint, frames),
    outputdim: vocabulary.length,
    id2label: namesByOutput(vocabulary),
  };
  const head = headRows(checkpoint, vocabulary);
  const [from, to] = [patchGrid(checkpoint).time, patchGrid(config).time];
  return {
    config,
    head,
    classesTaken: head === null ? vocabulary.length : countTaken(head),
    positions: from === to ? null : { from, to },
  };
}

/** The `target_length` of a model for chunks of this many frames: its own, or whole patches. */
export function coveringLength(
  { target_length: own, patch_size: patch }: ModelConfig,
  frames: number,
): number {
  return frames <= own ? own : Math.ceil(frames / patch) * patch;
}

export function namesByOutput(
  vocabulary: readonly { readonly name: string }[],
): Record<string, string> {
  return Object.fromEntries(vocabulary.map(({ name }, index) => [String(index), name]));
}

/**
 * @param weights of the checkpoint
 * @param seed of the classes that the checkpoint does not know
 */
export function transferredWeights(
  weights: Weights,
  { config, head, positions }: Transfer,
  seed: number,
): Weights {
  const shapes = new Map(parameterSpecs(config).map(({ name, shape }) => [name, shape]));
  const fitted =
    positions === null
      ? weights
      : new Map(
          [...weights].map(([name, tensor]) => [
            name,
            fitPositions(name, tensor, shapes.get(name) ?? tensor.shape),
          ]),
        );
  return head ? withNewHead(fitted, head, config, seed) : fitted;
}
