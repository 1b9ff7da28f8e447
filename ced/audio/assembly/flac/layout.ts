/** Where in its memory the FLAC kernel keeps what. */
export const INPUT: usize = 0x2000;
/** Above the largest frame of 8 channels of 32 bits. */
export const INPUT_BYTES: i32 = 0x200000;
/** The decoded frame, a row of int32 a channel. */
export const SAMPLES: usize = 0x204000;
export const ROW_BYTES: usize = 0x40000;
/** float32 rows of `toFloats` and `toMean`. */
export const RESULT: usize = 0x408000;

/** Of the linear prediction at work. */
export const COEFFICIENTS: usize = 0x800;
/** Eight rows of 256 sums: of a byte with 0 to 7 zero bytes behind it. */
export const CRC_TABLE: usize = 0x1000;
export const CRC_ROW_BYTES: usize = 0x200;

export function rowOf(rows: usize, channel: i32): usize {
  return rows + <usize>channel * ROW_BYTES;
}
