/**
 * Brings what a network gives into [rows, classes]: an axis of frames is averaged over, axes of one
 * and a batch axis that was squeezed away make no difference.
 */

export interface ClassScores {
  /** float32 [rows, classes] */
  values: Float32Array;
  /** How many frames each is the mean of; 1 = none were averaged. */
  frames: number;
}

/**
 * @param values row-major, of `shape`
 * @param score applied to each number before frames are averaged
 * @returns null when the shape is none of these
 */
export function classScores(
  { values, shape }: { values: Float32Array; shape: readonly number[] },
  rows: number,
  classes: number,
  score: (value: number) => number,
): ClassScores | null {
  const frames = values.length / (rows * classes);
  const axes = axesOf(shape, rows);
  if (!Number.isInteger(frames) || frames < 1 || axes === null) return null;
  const [first, second, ...more] = axes.filter((extent) => extent !== 1 || classes === 1);
  const classesLast = matches(axes, frames, classes);
  const framesLast = !classesLast && first === classes && second === frames && more.length === 0;
  if (!classesLast && !framesLast) return null;
  const [rowStep, classStep, frameStep] = classesLast
    ? [frames * classes, 1, classes]
    : [frames * classes, frames, 1];
  const scores = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < classes; index++) {
      const at = row * rowStep + index * classStep;
      let sum = score(values[at]!);
      for (let frame = 1; frame < frames; frame++) sum += score(values[at + frame * frameStep]!);
      scores[row * classes + index] = sum / frames;
    }
  return { values: scores, frames };
}

/** Axes beside the batch's; null when the first is not the batch and there are several rows. */
function axesOf(shape: readonly number[], rows: number): readonly number[] | null {
  if (shape[0] === rows) return shape.slice(1);
  return rows === 1 ? shape : null;
}

/** Whether the axes are [frames, classes], axes of one aside. */
function matches(axes: readonly number[], frames: number, classes: number): boolean {
  const wanted = [frames, classes].filter((extent) => extent !== 1);
  return axes.filter((extent) => extent !== 1).join() === wanted.join();
}
