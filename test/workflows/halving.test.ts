import {
  decideRung,
  describeRung,
  survivorCount,
  type Contestant,
} from '../../workflows/contract/halving';

const scored = (name: string, mAP: number | null): Contestant => ({
  name,
  measured: { epoch: 4, mAP },
});
const survivors = (contestants: Contestant[], eta: number): string[] =>
  decideRung(4, contestants, eta).students.flatMap(({ name, goesOn }) => (goesOn ? name : []));

describe('a rung', () => {
  it('lets one in eta go on, rounded up, and always one', () => {
    expect([1, 2, 3, 4, 6, 7].map((students) => survivorCount(students, 3))).toEqual([
      1, 1, 1, 2, 2, 3,
    ]);
    expect(survivorCount(11, 1.1)).toBe(10);
  });

  it('lets the best mAP go on, of equal ones the first', () => {
    const contestants = [scored('a', 0.1), scored('b', 0.3), scored('c', 0.3), scored('d', 0.2)];
    expect(survivors(contestants, 4)).toEqual(['b']);
    expect(survivors(contestants, 2)).toEqual(['b', 'c']);
  });

  it('lets the least divergence go on where there are no labels', () => {
    const contestants = [0.03, 0.01, 0.02].map((divergence, index) => ({
      name: `s${index}`,
      measured: { epoch: 4, mAP: null, divergence },
    }));
    expect(survivors(contestants, 3)).toEqual(['s1']);
    expect(decideRung(4, contestants, 3).students[1]).toEqual({
      ...{ name: 's1', mAP: null, divergence: 0.01, goesOn: true },
    });
  });

  it('prefers any that was validated to one that was not', () => {
    expect(survivors([{ name: 'a', measured: null }, scored('b', 0)], 2)).toEqual(['b']);
    expect(
      survivors(
        ['a', 'b'].map((name) => ({ name, measured: null })),
        2,
      ),
    ).toEqual(['a']);
  });

  it('is told in one line', () => {
    const rung = decideRung(4, [scored('a', 0.1), scored('b', 0.3), scored('c', 0.2)], 3);
    expect(describeRung(rung)).toBe('after epoch 4 go on: b; end: a, c');
  });
});
