import type { CorpusSize } from './corpus';

/** Something whose cost is measured at several sizes. */
export interface Subject {
  readonly name: string;
  /** What the size counts. */
  readonly per: 'clips' | 'classes' | 'views' | 'seconds' | 'shards';
  /** Ascending. */
  readonly sizes: readonly number[];
  /** Whether the work can be done once alone, as it finds its results the next time. */
  readonly isDoneOnce?: true;
  /**
   * Makes what the measured work needs.
   * @param folder empty
   * @returns the work
   */
  prepare(size: number, folder: string): Promise<() => Promise<unknown>>;
}

/** 1, 10 and 100 times. */
export const decades = (least: number): number[] => [least, 10 * least, 100 * least];

export const CLASS_COUNTS = [52, 527, 10_000];

/** By the clips, the classes and the length of a corpus. */
export function bySizesOfCorpus(
  name: string,
  prepare: (folder: string, size: CorpusSize) => ReturnType<Subject['prepare']>,
): [Subject, Subject, Subject] {
  return [
    {
      ...{ name, per: 'clips', sizes: decades(30) },
      prepare: async (clips, folder) => await prepare(folder, { clips }),
    },
    {
      ...{ name, per: 'classes', sizes: CLASS_COUNTS },
      prepare: async (classes, folder) => await prepare(folder, { clips: 100, classes }),
    },
    {
      ...{ name, per: 'seconds', sizes: [1, 6, 60] },
      prepare: async (seconds, folder) => await prepare(folder, { clips: 20, seconds }),
    },
  ];
}
