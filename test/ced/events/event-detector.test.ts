import { EventDetector, type SoundEvent } from '../../../ced/events/event-detector';
import { StartOrder } from '../../../ced/events/start-order';

/** Windows of 20 samples every 10, each with a probability for every class. */
function detected(
  rows: readonly (readonly number[])[],
  options: ConstructorParameters<typeof EventDetector>[0],
): SoundEvent[] {
  const detector = new EventDetector(options);
  const events = rows.flatMap((row, hop) =>
    detector.push({ start: 10 * hop, length: 20 }, Float32Array.from(row)),
  );
  return [...events, ...detector.end(10 * rows.length + 10)];
}
const thresholds = [0.5];
const column = (...values: number[]): number[][] => values.map((value) => [value]);

describe('events', () => {
  it('last from the middle between two windows to the middle between two others', () => {
    expect(detected(column(0, 0.5, 0.75, 0, 0), { thresholds })).toEqual([
      { start: 15, end: 35, classIndex: 0, probability: 0.75 },
    ]);
  });

  it('reach the edges of the recording in its first and last window', () => {
    expect(detected(column(0.5, 0, 0.5), { thresholds })).toEqual([
      { start: 0, end: 15, classIndex: 0, probability: 0.5 },
      { start: 25, end: 40, classIndex: 0, probability: 0.5 },
    ]);
  });

  it('have windows that are not evenly spaced meet half-way between their centres', () => {
    const detector = new EventDetector({ thresholds });
    detector.push({ start: 0, length: 20 }, Float32Array.of(0.5));
    const events = detector.push({ start: 4, length: 20 }, Float32Array.of(0));
    expect(events).toEqual([{ start: 0, end: 12, classIndex: 0, probability: 0.5 }]);
    expect(detector.end(24)).toEqual([]);
  });

  it('are of the filtered probabilities, and stand at their windows', () => {
    const rows = column(0, 0, 0.75, 0, 0, 0.75, 0.5, 0, 0.5, 0);
    expect(detected(rows, { thresholds, median: 3 })).toEqual([
      { start: 55, end: 85, classIndex: 0, probability: 0.5 },
    ]);
  });

  it('have a threshold for each class; a class without one has none', () => {
    const rows = [[0.4, 0.4, 1]];
    expect(detected(rows, { thresholds: [0.5, 0.25, null] })).toEqual([
      { start: 0, end: 20, classIndex: 1, probability: expect.closeTo(0.4, 6) },
    ]);
  });

  it('of a sound that goes on are cut where they get too long', () => {
    const rows = column(...Array.from({ length: 7 }, () => 1));
    const parts = detected(rows, { thresholds, longestSamples: 30 });
    expect(parts.map(({ start, end }) => [start, end])).toEqual([
      [0, 35],
      [35, 65],
      [65, 80],
    ]);
  });

  it('come in the order of their starts, where that is demanded, and none is held for long', () => {
    const detector = new EventDetector({ thresholds: [0.5, 0.5] });
    const order = new StartOrder();
    const rows = [
      [1, 0],
      [1, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ];
    const starts = rows.map((row, hop) => {
      const ended = detector.push({ start: 10 * hop, length: 20 }, Float32Array.from(row));
      return order.push(ended, detector.earliestOpen).map(({ start }) => start);
    });
    expect(starts).toEqual([[], [], [], [0, 15], [35]]);
    expect(order.push(detector.end(60), detector.earliestOpen)).toEqual([]);
  });
});
