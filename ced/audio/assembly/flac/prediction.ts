/**
 * Linear predictions: each sample is what its predecessors foretell and the residual that lies
 * where it will be.
 */
import { COEFFICIENTS } from './layout';

export function before(at: usize, samples: usize): i32 {
  return load<i32>(at - (samples << 2));
}

function coefficient(index: usize): i32 {
  return load<i32>(COEFFICIENTS + (index << 2));
}

/** The sample `back` before number `order`; 0 before the first. */
function warmUp(row: usize, order: i32, back: i32): i32 {
  return back > order ? 0 : load<i32>(row + ((order - back) << 2));
}

/** The last samples stay in registers: in memory each would be waited for. */
export function predictBy8(row: usize, samples: i32, order: i32, shift: i32): void {
  const c1 = coefficient(0), c2 = coefficient(1); // prettier-ignore
  const c3 = coefficient(2), c4 = coefficient(3); // prettier-ignore
  const c5 = coefficient(4), c6 = coefficient(5); // prettier-ignore
  const c7 = coefficient(6), c8 = coefficient(7); // prettier-ignore
  let x1 = warmUp(row, order, 1), x2 = warmUp(row, order, 2); // prettier-ignore
  let x3 = warmUp(row, order, 3), x4 = warmUp(row, order, 4); // prettier-ignore
  let x5 = warmUp(row, order, 5), x6 = warmUp(row, order, 6); // prettier-ignore
  let x7 = warmUp(row, order, 7), x8 = warmUp(row, order, 8); // prettier-ignore
  for (let at = row + (order << 2), stop = row + (samples << 2); at < stop; at += 4) {
    const older = c8 * x8 + c7 * x7 + (c6 * x6 + c5 * x5) + (c4 * x4 + c3 * x3) + c2 * x2;
    x8 = x7, x7 = x6, x6 = x5, x5 = x4, x4 = x3, x3 = x2, x2 = x1; // prettier-ignore
    x1 = load<i32>(at) + ((older + c1 * x1) >> shift);
    store<i32>(at, x1);
  }
}

export function predictBy12(row: usize, samples: i32, order: i32, shift: i32): void {
  const c1 = coefficient(0), c2 = coefficient(1); // prettier-ignore
  const c3 = coefficient(2), c4 = coefficient(3); // prettier-ignore
  const c5 = coefficient(4), c6 = coefficient(5); // prettier-ignore
  const c7 = coefficient(6), c8 = coefficient(7); // prettier-ignore
  const c9 = coefficient(8), c10 = coefficient(9); // prettier-ignore
  const c11 = coefficient(10), c12 = coefficient(11); // prettier-ignore
  let x1 = warmUp(row, order, 1), x2 = warmUp(row, order, 2); // prettier-ignore
  let x3 = warmUp(row, order, 3), x4 = warmUp(row, order, 4); // prettier-ignore
  let x5 = warmUp(row, order, 5), x6 = warmUp(row, order, 6); // prettier-ignore
  let x7 = warmUp(row, order, 7), x8 = warmUp(row, order, 8); // prettier-ignore
  let x9 = warmUp(row, order, 9), x10 = warmUp(row, order, 10); // prettier-ignore
  let x11 = warmUp(row, order, 11), x12 = warmUp(row, order, 12); // prettier-ignore
  for (let at = row + (order << 2), stop = row + (samples << 2); at < stop; at += 4) {
    const oldest = c12 * x12 + c11 * x11 + (c10 * x10 + c9 * x9) + (c8 * x8 + c7 * x7);
    const older = oldest + (c6 * x6 + c5 * x5) + (c4 * x4 + c3 * x3) + c2 * x2;
    x12 = x11, x11 = x10, x10 = x9, x9 = x8, x8 = x7, x7 = x6; // prettier-ignore
    x6 = x5, x5 = x4, x4 = x3, x3 = x2, x2 = x1; // prettier-ignore
    x1 = load<i32>(at) + ((older + c1 * x1) >> shift);
    store<i32>(at, x1);
  }
}

export function predictWide(row: usize, samples: i32, order: i32, shift: i32): void {
  for (let at = row + (order << 2), stop = row + (samples << 2); at < stop; at += 4) {
    let sum: i64 = 0;
    for (let back = 1; back <= order; back++)
      sum += i64(coefficient(back - 1)) * i64(before(at, back));
    store<i32>(at, load<i32>(at) + i32(sum >> shift));
  }
}
