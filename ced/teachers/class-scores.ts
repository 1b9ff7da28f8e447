/**
 * Brings what a network gives into [rows, classes]: frames are pooled, axes of one and a batch axis
 * that was squeezed away make no difference.
 */

export interface ClassScores {
  /** float32 [rows, classes] */
  values: Float32Array;
  /** How many frames each is pooled from; 1 = none were. */
  frames: number;
}

export interface ClassAxis {
  /** Axis of the classes; negative = from the last. @default found by the shape */
  axis?: number | undefined;
  /** Over frames. @default 'mean' */
  pool?: 'mean' | 'max' | undefined;
}

/** Frames of a row before the axis of classes and behind it. */
interface Frames {
  outer: number;
  inner: number;
}

/**
 * @param values row-major, of `shape`
 * @param score applied to each number before frames are pooled
 * @returns null when the shape is none of these
 */
export function classScores(
  { values, shape }: { values: Float32Array; shape: readonly number[] },
  rows: number,
  classes: number,
  score: (value: number) => number,
  { axis, pool = 'mean' }: ClassAxis = {},
): ClassScores | null {
  const around =
    axis === undefined
      ? framesFound(shape, rows, classes, values.length)
      : framesAround(shape, rows, classes, axis);
  if (around === null) return null;
  const { outer, inner } = around;
  const frames = outer * inner;
  if (frames < 1 || values.length !== rows * frames * classes) return null;
  const scores = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < classes; index++) {
      let pooled = pool === 'max' ? -Infinity : 0;
      for (let before = 0; before < outer; before++)
        for (let behind = 0; behind < inner; behind++) {
          const at = ((row * outer + before) * classes + index) * inner + behind;
          const value = score(values[at]!);
          pooled = pool === 'max' ? Math.max(pooled, value) : pooled + value;
        }
      scores[row * classes + index] = pool === 'max' ? pooled : pooled / frames;
    }
  return { values: scores, frames };
}

function framesAround(
  shape: readonly number[],
  rows: number,
  classes: number,
  axis: number,
): Frames | null {
  const at = axis < 0 ? axis + shape.length : axis;
  const start = shape[0] === rows && at !== 0 ? 1 : 0;
  if (shape[at] !== classes || (start === 0 && rows !== 1)) return null;
  const product = (extents: readonly number[]): number =>
    extents.reduce((all, extent) => all * extent, 1);
  return { outer: product(shape.slice(start, at)), inner: product(shape.slice(at + 1)) };
}

/** Classes last, or else first; as many frames as classes are taken for [frames, classes]. */
function framesFound(
  shape: readonly number[],
  rows: number,
  classes: number,
  values: number,
): Frames | null {
  const frames = values / (rows * classes);
  const axes = axesOf(shape, rows);
  if (!Number.isInteger(frames) || frames < 1 || axes === null) return null;
  if (matches(axes, frames, classes)) return { outer: frames, inner: 1 };
  const [first, second, ...more] = axes.filter((extent) => extent !== 1 || classes === 1);
  const isFirst = first === classes && second === frames && more.length === 0;
  return isFirst ? { outer: 1, inner: frames } : null;
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
