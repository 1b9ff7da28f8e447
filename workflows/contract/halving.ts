/**
 * Successive halving (Jamieson and Talwalkar, 2016): all students train to a rung, the best
 * 1/eta of them by validation go on to the next, the others end there. Pure: which go on depends
 * on the values alone.
 */
import { z } from 'zod';
import type { EpochMeasure } from './models';

export const halvingSchema = z
  .strictObject({
    rungs: z
      .array(z.number().int().min(1).max(100_000))
      .min(1)
      .max(16)
      .describe(
        'Epochs after which students are compared, ascending: multiples of `validateEvery`, ' +
          'below `epochs`.',
      ),
    eta: z
      .number()
      .min(1.1)
      .max(100)
      .default(3)
      .describe('One in so many goes on from each rung, rounded up.'),
  })
  .describe(
    'Ends the training of students that lag behind: after each rung the best by validation go ' +
      'on, and the others are scored as they are. Needs `corpus.validation`.',
  );
export type Halving = z.output<typeof halvingSchema>;

/** What was decided after a rung, in the status and in `result.json`. */
export const rungSchema = z.object({
  epoch: z.number(),
  /** In the run file's order; null without a validation. */
  students: z.array(
    z.object({
      name: z.string(),
      mAP: z.number().nullable(),
      /** Where validation has no labels: lower is better. */
      divergence: z.exactOptional(z.number()),
      goesOn: z.boolean(),
    }),
  ),
});
export type Rung = z.output<typeof rungSchema>;

export interface Contestant {
  name: string;
  /** null where the rung's validation is not known. */
  measured: EpochMeasure | null;
}

/** How many of so many students go on. */
export function survivorCount(students: number, eta: number): number {
  return Math.max(1, Math.ceil(students / eta - 1e-9));
}

/** Of equal students the first go on. */
export function decideRung(epoch: number, contestants: readonly Contestant[], eta: number): Rung {
  const ranked = contestants.toSorted((a, b) => merit(b.measured) - merit(a.measured));
  const survivors = new Set(ranked.slice(0, survivorCount(contestants.length, eta)));
  return {
    epoch,
    students: contestants.map((contestant) => {
      const { name, measured } = contestant;
      return {
        name,
        mAP: measured?.mAP ?? null,
        ...(measured?.divergence === undefined ? {} : { divergence: measured.divergence }),
        goesOn: survivors.has(contestant),
      };
    }),
  };
}

/** Any mAP is at least 0; a divergence counts where there is none. */
function merit(measured: EpochMeasure | null): number {
  return measured?.mAP ?? (measured?.divergence === undefined ? -Infinity : -measured.divergence);
}

/** `after epoch 5 go on: a, b; end: c, d` */
export function describeRung({ epoch, students }: Rung): string {
  const named = (goesOn: boolean): string =>
    students
      .filter((student) => student.goesOn === goesOn)
      .map(({ name }) => name)
      .join(', ') || 'none';
  return `after epoch ${epoch} go on: ${named(true)}; end: ${named(false)}`;
}
