/**
 * One channel of a frame: constant, verbatim, or a prediction and what it missed (RFC 9639, section
 * 9.2).
 */
import { isBeyondEnd, takeBits, takeRice, takeSigned, takeUnary } from './bits';
import { COEFFICIENTS } from './layout';
import { before, predictBy12, predictBy8, predictWide } from './prediction';

/** Samples of one channel. @returns false for a damaged one */
export function subframe(sampleBits: i32, row: usize, samples: i32): bool {
  if (takeBits(1) != 0) return false;
  const type = takeBits(6);
  let wasted = 0;
  if (takeBits(1) != 0) {
    wasted = takeUnary() + 1;
    if (wasted == 0 || wasted >= sampleBits) return false;
  }
  const width = sampleBits - wasted;
  if (type == 0) {
    const value = takeSigned(width);
    for (let sample = 0; sample < samples; sample++) store<i32>(row + (sample << 2), value);
  } else if (type == 1) takeWarmUp(row, samples, width);
  else if (type >= 8 && type <= 12) {
    if (!fixedPrediction(row, samples, type - 8, width)) return false;
  } else if (type < 32 || !linearPrediction(row, samples, type - 31, width)) return false;
  if (wasted > 0)
    for (let at = row; at < row + (samples << 2); at += 4) store<i32>(at, load<i32>(at) << wasted);
  return true;
}

function takeWarmUp(row: usize, count: i32, width: i32): void {
  for (let sample = 0; sample < count; sample++) store<i32>(row + (sample << 2), takeSigned(width));
}

function fixedPrediction(row: usize, samples: i32, order: i32, width: i32): bool {
  if (order > samples) return false;
  takeWarmUp(row, order, width);
  if (!takeResidual(row, samples, order)) return false;
  for (let at = row + (order << 2), stop = row + (samples << 2); at < stop; at += 4) {
    let predicted = 0;
    if (order == 1) predicted = before(at, 1);
    else if (order == 2) predicted = 2 * before(at, 1) - before(at, 2);
    else if (order == 3) predicted = 3 * (before(at, 1) - before(at, 2)) + before(at, 3);
    else if (order == 4)
      predicted = 4 * (before(at, 1) + before(at, 3)) - 6 * before(at, 2) - before(at, 4);
    store<i32>(at, load<i32>(at) + predicted);
  }
  return true;
}

function linearPrediction(row: usize, samples: i32, order: i32, width: i32): bool {
  if (order > samples) return false;
  takeWarmUp(row, order, width);
  const precision = takeBits(4) + 1;
  const shift = takeSigned(5);
  if (precision == 16 || shift < 0) return false;
  memory.fill(COEFFICIENTS, 0, 128);
  for (let index = 0; index < order; index++)
    store<i32>(COEFFICIENTS + (index << 2), takeSigned(precision));
  if (!takeResidual(row, samples, order)) return false;
  // As libFLAC decides whether sums fit 32 bits.
  const fits = width + precision + (31 - i32(clz(order))) <= 32;
  if (fits && order <= 8) predictBy8(row, samples, order, shift);
  else if (fits && order <= 12) predictBy12(row, samples, order, shift);
  else predictWide(row, samples, order, shift);
  return true;
}

/** Residuals go where their samples will be. RFC 9639, section 9.2.7. */
function takeResidual(row: usize, samples: i32, order: i32): bool {
  const method = takeBits(2);
  const partitionOrder = takeBits(4);
  const partition = samples >> partitionOrder;
  if (method > 1 || partition << partitionOrder != samples || partition < order) return false;
  const parameterBits = 4 + method;
  const escape = (1 << parameterBits) - 1;
  for (let sample = order, stop = partition; stop <= samples; sample = stop, stop += partition) {
    const parameter = takeBits(parameterBits);
    if (parameter == escape) {
      const width = takeBits(5);
      for (let index = sample; index < stop; index++)
        store<i32>(row + (index << 2), width == 0 ? 0 : takeSigned(width));
    } else if (!takeRice(row + (sample << 2), row + (stop << 2), parameter)) return false;
    if (isBeyondEnd()) return false;
  }
  return true;
}
