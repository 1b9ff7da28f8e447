/**
 * Which classes a CED checkpoint knows: its `id2label`, or the run's own vocabulary when it carries
 * none and has as many outputs.
 */
import type { ModelConfig } from '../model/config';
import type { Vocabulary } from './vocabulary';

/**
 * @throws when the checkpoint names no classes and its number of outputs is not the vocabulary's
 */
export function modelVocabulary(config: ModelConfig, vocabulary: Vocabulary): Vocabulary {
  const named = config.id2label;
  if (!named) {
    if (config.outputdim !== vocabulary.length)
      throw new Error(
        `its config.json has no id2label and ${config.outputdim} outputs, the vocabulary has ` +
          `${vocabulary.length} classes`,
      );
    return vocabulary;
  }
  return Array.from({ length: config.outputdim }, (_, index) => {
    const name = named[String(index)];
    if (name === undefined) throw new Error(`its config.json has no id2label for output ${index}`);
    return { mid: '', name };
  });
}
