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
  // a number of at most four digits behind a separator
  /^(.{1,300})[-_. ]\d{1,4}$/,
];

/** @param name of the file, without folder and ending */
export function sourceGroup(name: string): string {
  for (const pattern of PIECES) {
    const stem = pattern.exec(name)?.[1];
    if (stem !== undefined) return stem;
  }
  return name;
}
