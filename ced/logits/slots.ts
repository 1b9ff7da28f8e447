/**
 * In which of the K column pairs a class is written. Readers sort anyway, so this is invisible to
 * them, and it decides a tenth of the file's size (docs/formats.md). Within a clip a class keeps
 * its slot from view to view, so that columns change slowly. A class that comes new takes the free
 * slot where it and its probabilities are least surprising given what the rest of the shard has
 * there, so that a slot holds few classes, of similar rank. What surprises is learnt from the shard
 * itself, in a few rounds that begin with classes in the order of their rank.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { cheapestAssignment } from './assignment';
import type { LogitTable } from './logit-table';

const rounds = 4;
/**
 * With more pairs than this there is no need to save, and the cubic assignment would take its time.
 */
const mostPairs = 64;
const rowsBetweenYields = 512;

/**
 * Exponent and upper four mantissa bits of a float16: they fill one byte of the DOUBLE column, the
 * one that compresses.
 */
const sizeShift = 6;
const sizes = 0x10000 >> sizeShift;

/** Bits that the compressor may need, as far as frequencies tell. */
interface Surprise {
  readonly classes: number;
  /** To name a class in a slot where another stood: [topK, classes]. */
  readonly ofClass: Float32Array;
  /** For a probability of some size in a slot: [topK, sizes]. */
  readonly ofSize: Float32Array;
}

/**
 * For each row and slot the position in the row's own order: [rows, topK]. Yields to the event loop
 * in between: a large shard takes seconds.
 * @param onPart called at each of these moments; may throw to give up
 */
export async function assignSlots(
  table: LogitTable,
  onPart: () => void = () => undefined,
): Promise<Uint16Array> {
  const classes = table.indexes.reduce((most, index) => Math.max(most, index), 0) + 1;
  let order = await place(table, classes, null, onPart);
  for (let round = 0; round < rounds && table.topK <= mostPairs; round++)
    order = await place(table, classes, learn(table, order, classes), onPart);
  return order;
}

/** @param surprise null: new classes take the free slots from the left */
async function place(
  table: LogitTable,
  classes: number,
  surprise: Surprise | null,
  onPart: () => void,
): Promise<Uint16Array> {
  const { rows, topK, clip, indexes } = table;
  const order = new Uint16Array(rows * topK);
  /** Of the row before, [topK]. */
  const classOfSlot = new Int32Array(topK).fill(-1);
  /** In the row before, where that is of the same clip; else −1. */
  const slotOfClass = new Int32Array(classes).fill(-1);
  const [newRanks, slots] = [new Int32Array(topK), new Int32Array(topK)];
  for (let row = 0; row < rows; row++) {
    if (row % rowsBetweenYields === 0) {
      await immediate();
      onPart();
    }
    if (row > 0 && clip[row] !== clip[row - 1]) slotOfClass.fill(-1);
    const base = row * topK;
    const isFree = new Uint8Array(topK).fill(1);
    let newCount = 0;
    for (let rank = 0; rank < topK; rank++) {
      const slot = slotOfClass[indexes[base + rank]!]!;
      if (slot < 0) newRanks[newCount++] = rank;
      else {
        order[base + slot] = rank;
        isFree[slot] = 0;
      }
    }
    let free = 0;
    for (let slot = 0; slot < topK; slot++) if (isFree[slot]) slots[free++] = slot;
    const places =
      surprise &&
      cheapestAssignment(
        costsOf(table, row, newRanks.subarray(0, newCount), slots, classOfSlot, surprise),
        newCount,
      );
    for (let nth = 0; nth < newCount; nth++)
      order[base + slots[places?.[nth] ?? nth]!] = newRanks[nth]!;
    for (let slot = 0; slot < topK; slot++)
      if (classOfSlot[slot]! >= 0) slotOfClass[classOfSlot[slot]!] = -1;
    for (let slot = 0; slot < topK; slot++) {
      classOfSlot[slot] = indexes[base + order[base + slot]!]!;
      slotOfClass[classOfSlot[slot]!] = slot;
    }
  }
  return order;
}

/**
 * For each class that is new at `row` and each free slot: bits to name it, and for its
 * probabilities as long as it stays. [newRanks, newRanks]
 */
function costsOf(
  table: LogitTable,
  row: number,
  newRanks: Int32Array,
  slots: Int32Array,
  classOfSlot: Int32Array,
  { classes, ofClass, ofSize }: Surprise,
): Float64Array {
  const costs = new Float64Array(newRanks.length ** 2);
  newRanks.forEach((rank, nth) => {
    const index = table.indexes[row * table.topK + rank]!;
    const stay = sizesWhileItStays(table, row, index);
    for (let at = 0; at < newRanks.length; at++) {
      const slot = slots[at]!;
      let bits = classOfSlot[slot] === index ? 0 : ofClass[slot * classes + index]!;
      for (const size of stay) bits += ofSize[slot * sizes + size]!;
      costs[nth * newRanks.length + at] = bits;
    }
  });
  return costs;
}

function sizesWhileItStays(
  { rows, topK, clip, indexes, values }: LogitTable,
  first: number,
  index: number,
): number[] {
  const found: number[] = [];
  for (let row = first; row < rows && clip[row] === clip[first]; row++) {
    let at = row * topK;
    const end = at + topK;
    while (at < end && indexes[at] !== index) at++;
    if (at === end) break;
    found.push(values[at]! >> sizeShift);
  }
  return found;
}

function learn(
  { rows, topK, indexes, values }: LogitTable,
  order: Uint16Array,
  classes: number,
): Surprise {
  const comings = new Float64Array(topK * classes);
  const counts = new Float64Array(topK * sizes);
  for (let row = 0; row < rows; row++)
    for (let slot = 0; slot < topK; slot++) {
      const at = row * topK + order[row * topK + slot]!;
      const before = row === 0 ? -1 : indexes[(row - 1) * topK + order[(row - 1) * topK + slot]!];
      if (before !== indexes[at]) comings[slot * classes + indexes[at]!]!++;
      counts[slot * sizes + (values[at]! >> sizeShift)]!++;
    }
  // What has not been seen may come: classes a little, sizes mostly beside those that were seen.
  const blurred = counts.map(
    (count, at) => (2 * count + (counts[at - 1] ?? 0) + (counts[at + 1] ?? 0)) / 4,
  );
  return {
    classes,
    ofClass: bits(comings, classes, 0.3 / Math.sqrt(classes)),
    ofSize: bits(blurred, sizes, 0.02),
  };
}

/** −log₂ of each count's share of its slot, `unseen` added to each. */
function bits(counts: Float64Array, width: number, unseen: number): Float32Array {
  const cost = new Float32Array(counts.length);
  for (let from = 0; from < counts.length; from += width) {
    const ofSlot = counts.subarray(from, from + width);
    const sum = ofSlot.reduce((total, count) => total + count + unseen, 0);
    ofSlot.forEach((count, at) => (cost[from + at] = Math.log2(sum / (count + unseen))));
  }
  return cost;
}
