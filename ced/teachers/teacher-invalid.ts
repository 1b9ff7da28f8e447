/**
 * A teacher that can't take part, whatever is retried: its classes or outputs don't fit the run.
 */
export type TeacherFault =
  'classesMissing' | 'outputShape' | 'outputValue' | 'weight' | 'foreignOp' | 'sampleRate';

export class TeacherInvalid extends Error {
  readonly code = 'TeacherInvalid';
  override readonly name = 'TeacherInvalid';

  constructor(
    readonly fault: TeacherFault,
    message: string,
    /** For `classesMissing`: display names of the classes that the teacher does not know. */
    readonly missing: readonly string[] = [],
  ) {
    super(message);
  }
}
