/**
 * The ensemble that a student follows (paper section 3.2): the weighted mean of the teachers'
 * per-class probabilities, in float32 and in the order of the run file, so that the stored logits
 * have one definite value. A teacher may abstain from classes: the mean of a class is over the
 * teachers that know it, with their weights normalised anew.
 */
import { TeacherInvalid } from './teacher-invalid';

export interface TeacherOutput {
  /** Row-major [rows, the teacher's own classes], as the model returned them. */
  readonly values: Float32Array;
  /** `logits` go through a sigmoid first. */
  readonly output: 'probabilities' | 'logits';
  /** Above 0; relative to the other teachers' weights. */
  readonly weight: number;
  /**
   * int32 [classes], see class-map.ts. Absent: the teacher has the run's classes in the run's
   * order.
   */
  readonly classMap?: Int32Array;
  /** The run's classes from which the teacher abstains: its values there do not count. */
  readonly missing?: readonly number[];
}

/** Weights divided by their sum. @throws TeacherInvalid `weight` */
export function normalisedWeights(weights: readonly number[]): number[] {
  const wrong = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (wrong !== undefined || weights.length === 0)
    throw new TeacherInvalid('weight', `an ensemble needs weights above 0, got ${wrong ?? 'none'}`);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * @returns float32 [rows, classes], probabilities
 * @throws TeacherInvalid when an output has another shape, is not finite, or is no probability
 */
export function combine(
  teachers: readonly TeacherOutput[],
  rows: number,
  classes: number,
): Float32Array {
  const shares = classShares(teachers, classes);
  const mean = new Float32Array(rows * classes);
  teachers.forEach(({ values, output, classMap }, teacher) => {
    const teacherClasses = rows === 0 ? 0 : values.length / rows;
    const smallest = classMap ? Math.max(-1, ...classMap) + 1 : classes;
    if (
      !Number.isInteger(teacherClasses) ||
      (rows > 0 && (classMap ? teacherClasses < smallest : teacherClasses !== classes))
    ) {
      throw new TeacherInvalid(
        'outputShape',
        `teacher ${teacher} returned ${values.length} numbers for ${rows} × ${smallest}`,
      );
    }
    if (classMap && classMap.length !== classes)
      throw new TeacherInvalid(
        'outputShape',
        `a class map of ${classMap.length} for ${classes} classes`,
      );
    const share = shares[teacher]!;
    for (let row = 0; row < rows; row++) {
      for (let index = 0; index < classes; index++) {
        if (share[index] === 0) continue;
        const value = values[row * teacherClasses + (classMap ? classMap[index]! : index)]!;
        const probability = output === 'logits' ? Math.fround(1 / (1 + Math.exp(-value))) : value;
        if (!(probability >= 0 && probability <= 1))
          throw new TeacherInvalid('outputValue', `teacher ${teacher} gave ${value} as ${output}`);
        // Rounded weights may sum to a hair above one.
        const at = row * classes + index;
        mean[at] = Math.min(1, Math.fround(mean[at]! + Math.fround(share[index]! * probability)));
      }
    }
  });
  return mean;
}

/**
 * @returns each teacher's share of the mean of each class, float32 [classes]; 0 where it abstains
 * @throws TeacherInvalid when all abstain from one class
 */
function classShares(teachers: readonly TeacherOutput[], classes: number): Float32Array[] {
  const weights = normalisedWeights(teachers.map(({ weight }) => weight));
  const shares = weights.map((weight) => new Float32Array(classes).fill(weight));
  const abstaining = teachers.map(({ missing = [] }) => new Set(missing));
  for (const index of new Set(teachers.flatMap(({ missing = [] }) => missing))) {
    const knowing = [...teachers.keys()].filter((teacher) => !abstaining[teacher]!.has(index));
    if (knowing.length === 0)
      throw new TeacherInvalid('classesMissing', `no teacher knows class ${index}`);
    for (const share of shares) share[index] = 0;
    const ofKnowing = normalisedWeights(knowing.map((teacher) => teachers[teacher]!.weight));
    knowing.forEach((teacher, at) => (shares[teacher]![index] = ofKnowing[at]!));
  }
  return shares;
}
