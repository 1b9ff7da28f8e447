import { ranked, rankOf, serverDef, type Group } from '../../../ced/engine/group';

const groupOf = (indices: readonly number[], self: number): Group => ({
  generation: 1,
  members: indices.map((index, at) => ({ index, host: `h${at}`, port: 7001 })),
  self,
  timeoutSeconds: 600,
});

describe('a group', () => {
  it("has TensorFlow's order of ranks: that of the indices as text", () => {
    const group = groupOf([3, 10, 2], 3);
    expect(ranked(group).map(({ index }) => index)).toEqual([10, 2, 3]);
    expect(rankOf(group)).toBe(2);
    expect(() => rankOf(groupOf([3, 10], 4))).toThrow('4 is no member of group 1');
  });

  it('is described by the bytes of a ServerDef that TensorFlow reads', () => {
    expect(Buffer.from(serverDef(groupOf([0, 1], 1))).toString('hex')).toBe(
      [
        '0a240a220a06776f726b6572120b0800120768303a37303031120b0801120768313a37303031',
        '1206776f726b65721801222182011e0a1c',
        '2f6a6f623a776f726b65722f7265706c6963613a302f7461736b3a30',
        '2a0467727063',
      ].join(''),
    );
  });
});
