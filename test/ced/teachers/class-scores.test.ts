import { classScores } from '../../../ced/teachers/class-scores';

const same = (value: number): number => value;
const counted = (...shape: number[]) => ({
  values: Float32Array.from(
    { length: shape.reduce((product, each) => product * each, 1) },
    (_, i) => i,
  ),
  shape,
});

describe('scores of classes', () => {
  it.each<[string, number[], number, number, number[]]>([
    ['[rows, classes]', [2, 3], 2, 3, [0, 1, 2, 3, 4, 5]],
    ['[classes] of one row', [3], 1, 3, [0, 1, 2]],
    ['[rows] of one class', [3], 3, 1, [0, 1, 2]],
    ['nothing of one class and row', [], 1, 1, [0]],
    ['[rows, classes, 1, 1]', [2, 3, 1, 1], 2, 3, [0, 1, 2, 3, 4, 5]],
    ['[rows, frames, classes]', [2, 2, 3], 2, 3, [1.5, 2.5, 3.5, 7.5, 8.5, 9.5]],
    ['[rows, classes, frames]', [2, 3, 2], 2, 3, [0.5, 2.5, 4.5, 6.5, 8.5, 10.5]],
    ['[rows, 1, frames, classes]', [1, 1, 2, 3], 1, 3, [1.5, 2.5, 3.5]],
    ['[frames, classes] of one row', [2, 3], 1, 3, [1.5, 2.5, 3.5]],
    ['[rows, frames] of one class', [2, 4], 2, 1, [1.5, 5.5]],
    ['as many frames as classes', [1, 2, 2], 1, 2, [1, 2]],
  ])('are found in %s', (_what, shape, rows, classes, expected) => {
    const found = classScores(counted(...shape), rows, classes, same);
    expect([...(found?.values ?? [])]).toEqual(expected);
  });

  it.each<[number[], number, number]>([
    [[2, 4], 2, 3],
    [[6], 2, 3],
    [[4, 3], 2, 3],
    [[2, 2, 2, 3], 2, 3],
    [[3, 2], 2, 3],
  ])('are not found in %j for %d rows of %d classes', (shape, rows, classes) => {
    expect(classScores(counted(...shape), rows, classes, same)).toBeNull();
  });

  it.each<[string, number[], number, number, number, number[]]>([
    ['the first of one row', [2, 2], 1, 2, 0, [0.5, 2.5]],
    ['the last, by its number from there', [2, 2], 1, 2, -1, [1, 2]],
    ['behind the batch', [2, 2, 2], 2, 2, 1, [0.5, 2.5, 4.5, 6.5]],
    ['between axes of frames', [1, 2, 2, 2], 1, 2, 2, [2.5, 4.5]],
  ])('stand at the axis that is declared: %s', (_what, shape, rows, classes, axis, expected) => {
    const found = classScores(counted(...shape), rows, classes, same, { axis });
    expect([...(found?.values ?? [])]).toEqual(expected);
  });

  it.each<[number[], number, number, number]>([
    [[2, 3], 2, 3, 0],
    [[2, 3], 2, 3, 2],
    [[2, 3], 2, 2, 1],
    [[3, 2], 2, 3, 0],
  ])('are not found in %j for %d rows of %d classes at axis %d', (shape, rows, classes, axis) => {
    expect(classScores(counted(...shape), rows, classes, same, { axis })).toBeNull();
  });

  it('are the maximum of frames where that is asked for', () => {
    const negative = { values: Float32Array.of(-3, -1, -2, -5), shape: [1, 2, 2] };
    expect([...classScores(negative, 1, 2, same, { pool: 'max' })!.values]).toEqual([-2, -1]);
  });

  it('are scored before they are averaged', () => {
    const found = classScores(counted(1, 2, 1), 1, 1, (value) => value ** 2 + 2);
    expect([...(found?.values ?? []), found?.frames]).toEqual([2.5, 2]);
  });
});
