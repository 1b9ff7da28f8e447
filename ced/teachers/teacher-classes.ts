/**
 * Which classes a CED checkpoint knows: its `id2label`, or the run's own vocabulary when it carries
 * none and has as many outputs.
 */
import { z } from 'zod';
import { FormatInvalid } from '../format-invalid';
import type { ModelConfig } from '../model/config';
import { requireDistinct, type Vocabulary } from './vocabulary';

const className = z.string().min(1).max(512);

/** Names by output: `id2label` as published checkpoints have it, or a list `labels`. */
const configClassesSchema = z.object({
  outputdim: z.int().min(1).max(65_536).optional(),
  id2label: z.record(z.string(), className).nullish(),
  labels: z.array(className).nullish(),
});

/**
 * The classes that a checkpoint's config.json names, in the order of its outputs.
 * @throws FormatInvalid when it names none, not all of them, or one name twice
 */
export function parseConfigClasses(text: string): Vocabulary {
  const parsed = configClassesSchema.safeParse(jsonOf(text));
  if (!parsed.success) fail(`${parsed.error.issues[0]?.path.join('.')}: no list of class names`);
  const { id2label, labels, outputdim } = parsed.data;
  const names = id2label ?? (labels ? Object.fromEntries(labels.entries()) : null);
  if (names === null)
    fail('this config.json names no classes (it has no id2label); give a class list instead');
  const count = outputdim ?? Object.keys(names).length;
  const classes = Array.from({ length: count }, (_, index) => {
    const name = names[String(index)];
    if (name === undefined) fail(`this config.json has no id2label for output ${index}`);
    return { mid: '', name };
  });
  requireDistinct(classes);
  return classes;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    fail('it begins as a config.json and is not JSON');
  }
}

function fail(detail: string): never {
  throw new FormatInvalid('vocabulary', detail);
}

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
