/** Rules between the fields of the models that a run trains. */
import type { z } from 'zod';
import type { ModelShape, TeacherTraining } from './run-file-sections';

/** All of them are in the status, and in every payload of it. */
export const MOST_TRAINED = 200;
/** Four bytes each, and as many again for gradients and each moment of Adam. */
const MOST_PARAMETERS = 2 ** 30;
/** Blocks of tiny, mini, small and base. */
const PRESET_DEPTH = 12;

export type Path = (string | number)[];

export function refuse(context: z.RefinementCtx, path: Path, message: string): void {
  context.addIssue({ code: 'custom', path, message });
}

/** @param entries with the number in its section of what states each */
export function distinctNames(
  entries: readonly { name: string; index?: number }[],
  section: string,
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  entries.forEach((entry, at) => {
    if (seen.has(entry.name))
      refuse(
        context,
        [section, entry.index ?? at, 'name'],
        `expected a name not used twice, '${entry.name}' is`,
      );
    seen.add(entry.name);
  });
}

export function possibleShape(model: ModelShape, path: Path, context: z.RefinementCtx): void {
  for (const { field, message } of shapeProblems(model))
    refuse(context, [...path, ...field], message);
}

/** What is wrong with a shape, and in which field of it; none = in all together. */
export function shapeProblems(model: ModelShape): { field: string[]; message: string }[] {
  if (typeof model === 'string') return [];
  const { embedDim, depth, heads, mlpRatio } = model;
  const problems: { field: string[]; message: string }[] = [];
  if (embedDim % heads !== 0)
    problems.push({
      field: ['heads'],
      message: `expected a divisor of embedDim = ${embedDim}`,
    });
  if (!Number.isInteger(embedDim * mlpRatio))
    problems.push({
      field: ['mlpRatio'],
      message: `times embedDim = ${embedDim} is no whole number`,
    });
  // Matrices of the blocks: all but a few thousandths of a large model.
  const parameters = depth * (4 + 2 * mlpRatio) * embedDim ** 2;
  if (parameters > MOST_PARAMETERS)
    problems.push({
      field: [],
      message: `has ${parameters} parameters, expected at most ${MOST_PARAMETERS}`,
    });
  return problems;
}

export function possibleFreeze(
  { train = 'all', init, model }: TeacherTraining,
  path: Path,
  context: z.RefinementCtx,
): void {
  if (train === 'all') return;
  if (init === null)
    refuse(context, [...path, 'train'], "expected 'all', or init: random weights are not frozen");
  const depth = typeof model === 'string' ? PRESET_DEPTH : model.depth;
  if (train !== 'head' && train.lastBlocks > depth)
    refuse(
      context,
      [...path, 'train', 'lastBlocks'],
      `expected at most the model's ${depth} blocks`,
    );
}

export function possibleGroup(
  { workers }: TeacherTraining,
  path: Path,
  context: z.RefinementCtx,
): void {
  if (workers && workers.min > workers.max)
    refuse(context, [...path, 'min'], `expected at most max = ${workers.max}`);
}

/** Refuses both together, before the default of `epochs` is filled in. */
export function epochsOrBudget<S extends z.ZodType>(
  training: z.input<S>,
  context: z.RefinementCtx,
): z.input<S> {
  const isBoth =
    typeof training === 'object' &&
    training !== null &&
    'budget' in training &&
    'epochs' in training;
  if (isBoth)
    context.addIssue({
      code: 'custom',
      path: ['budget'],
      message: 'expected epochs or budget, not both: a budget becomes epochs',
    });
  return training;
}
