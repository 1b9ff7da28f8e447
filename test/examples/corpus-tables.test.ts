import { INSTRUMENTS, instrumentMid } from '../../examples/instruments/render/classes';
import { clipLabels } from '../../examples/instruments/render/clip';
import { SETS } from '../../examples/instruments/render/recipe';
import { splitTable, vocabularyCsv } from '../../examples/instruments/render/tables';

const everySplit = Object.entries(SETS).flatMap(([set, splits]) =>
  splits.map((split) => ({ set, split })),
);

describe('the instruments corpus', () => {
  it('has 40 melodic and 12 drum classes with names and ids of their own', () => {
    expect(INSTRUMENTS.filter(({ kind }) => kind === 'melodic')).toHaveLength(40);
    expect(INSTRUMENTS.filter(({ kind }) => kind === 'drum')).toHaveLength(12);
    expect(new Set(INSTRUMENTS.map(({ name }) => name)).size).toBe(52);
    expect(new Set(INSTRUMENTS.map(instrumentMid)).size).toBe(52);
  });

  it.each(everySplit)('has positives of every class in $set $split.name', ({ split }) => {
    const labelled = new Set(
      Array.from({ length: split.clips }, (_, index) => clipLabels(split, index)).flat(),
    );
    expect([...labelled].sort()).toEqual(INSTRUMENTS.map(({ name }) => name).sort());
  });

  it('never trains or validates on the sound bank it is evaluated with', () => {
    const evalBanks = everySplit
      .filter(({ split }) => split.name === 'eval')
      .flatMap(({ split }) => split.banks);
    const otherBanks = everySplit
      .filter(({ split }) => split.name !== 'eval')
      .flatMap(({ split }) => split.banks);
    expect(evalBanks).toEqual(['TimGM6mb']);
    expect(otherBanks).not.toContain('TimGM6mb');
  });

  it("draws the teachers' training clips from another stream than the demo's clips", () => {
    const streams = SETS.demo.map(({ split }) => split);
    const teach = SETS.teach.find(({ name }) => name === 'train');
    expect(streams).not.toContain(teach?.split);
  });

  it('writes one JSON object a line, with paths relative to the table', () => {
    const split = { ...SETS.demo[0]!, clips: 3 };
    const rows = splitTable(split)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map((row) => row['clip'])).toEqual(['train-00000', 'train-00001', 'train-00002']);
    expect(rows[1]).toEqual({
      clip: 'train-00001',
      audio: 'audio/train/train-00001.wav',
      labels: clipLabels(split, 1),
    });
  });

  it("writes the vocabulary in AudioSet's layout", () => {
    const lines = vocabularyCsv().trimEnd().split('\n');
    expect(lines).toHaveLength(53);
    expect(lines.slice(0, 2)).toEqual([
      'index,mid,display_name',
      '0,/gm/program/1,"Acoustic Grand Piano"',
    ]);
    expect(lines.at(-1)).toBe('51,/gm/drum/80,"Triangle"');
  });
});
