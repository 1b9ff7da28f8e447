/**
 * The recording that a clip was cut from, as far as its name tells: pieces of one recording in two
 * splits would make every score too good.
 */

/** Markers of a piece in a file's name, in the order in which they are removed from its end. */
const PIECES: readonly RegExp[] = [
  // UrbanSound8K: source-class-occurrence-slice
  /^(\d+)-\d+-\d+-\d+$/,
  // ESC-50: fold-source-take-class
  /^\d-(\d+)-[A-Z]-\d+$/,
  // Speech Commands: speaker_nohash_repetition
  /^([0-9a-f]{8})_nohash_\d+$/,
  // start and end in seconds, as CED writes them
  /^(.{1,300})_\d+\.\d+(?:_\d+\.\d+)?$/,
  // part, chunk, segment, slice, clip, take with a number
  /^(.{1,300}?)[-_. ]?(?:part|chunk|seg|segment|slice|clip|take)[-_ ]?\d{1,6}$/i,
];

/** A number of at most four digits behind a separator: of a piece, or of a recording. */
const NUMBERED = /^(.{1,300})[-_. ]\d{1,4}$/;

export interface SourceGroup {
  /** Equal for clips that may be pieces of one recording. */
  group: string;
  /** A number alone tells the clips of the group apart: it may count recordings as well. */
  isNumbered: boolean;
}

/** @param name of the file, without folder and ending */
export function sourceGroup(name: string): SourceGroup {
  for (const pattern of PIECES) {
    const stem = pattern.exec(name)?.[1];
    if (stem !== undefined) return { group: stem, isNumbered: false };
  }
  const stem = NUMBERED.exec(name)?.[1];
  return { group: stem ?? name, isNumbered: stem !== undefined };
}
