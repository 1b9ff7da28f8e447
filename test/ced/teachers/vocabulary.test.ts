import fc from 'fast-check';
import { abstentionNote, classMap, requireEveryClass } from '../../../ced/teachers/class-map';
import { formatVocabularyCsv, parseVocabularyCsv } from '../../../ced/teachers/vocabulary';

const audioSet =
  'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/05zppz,"Male speech, man ' +
  'speaking"\n2,/m/02zsn,"So-called ""female"" speech"\n';

describe('a vocabulary', () => {
  it("is read from AudioSet's own file", () => {
    expect(parseVocabularyCsv(audioSet)).toEqual([
      { mid: '/m/09x0r', name: 'Speech' },
      { mid: '/m/05zppz', name: 'Male speech, man speaking' },
      { mid: '/m/02zsn', name: 'So-called "female" speech' },
    ]);
  });

  it('is read alike with BOM, CRLF, no quotes, no last line end, or classes unsorted', () => {
    expect(parseVocabularyCsv('\uFEFFindex,mid,display_name\r\n1,/m/b,B\r\n0,/m/a,A')).toEqual([
      { mid: '/m/a', name: 'A' },
      { mid: '/m/b', name: 'B' },
    ]);
  });

  it('survives the round trip', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
        const vocabulary = names.map((text, index) => ({ mid: `/m/${index}`, name: text }));
        expect(parseVocabularyCsv(formatVocabularyCsv(vocabulary))).toEqual(vocabulary);
      }),
    );
  });

  it.each([
    ['another header', 'id,name\n0,a', 'first line'],
    ['no class', 'index,mid,display_name\n', 'no class'],
    ['a missing index', 'index,mid,display_name\n0,/m/a,A\n2,/m/b,B', 'index "2"'],
    ['an index twice', 'index,mid,display_name\n0,/m/a,A\n0,/m/b,B', 'index 0 occurs twice'],
    ['a MID twice', 'index,mid,display_name\n0,/m/a,A\n1,/m/a,B', 'MID /m/a occurs twice'],
    ['a name twice', 'index,mid,display_name\n0,/m/a,A\n1,/m/b,A', 'name "A" occurs twice'],
    ['an unquoted comma', 'index,mid,display_name\n0,/m/a,A, B', '4 fields'],
    ['a long name', `index,mid,display_name\n0,,${'a'.repeat(513)}`, 'longer than 512'],
    ['text after a quote', 'index,mid,display_name\n0,/m/a,"A"b', 'quote'],
    ['too many classes', `index,mid,display_name\n${'0,,a\n'.repeat(65_537)}`, '65537 classes'],
    ['an endless name', `index,mid,display_name\n0,,"${'a"",'.repeat(5e6)}`, 'quote'],
    ['an open quote', 'index,mid,display_name\n0,/m/a,"A', 'quote'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseVocabularyCsv(text)).toThrow(message);
    expect(() => parseVocabularyCsv(text)).toThrow(
      expect.objectContaining({ code: 'FormatInvalid' }) as Error,
    );
  });
});

describe("matching a teacher's classes with the run's", () => {
  const run = parseVocabularyCsv(
    'index,mid,display_name\n0,/m/a,Accordion\n1,/m/b,Banjo\n2,,Cello',
  );

  it('goes by MID first, then by name, and drops what is not asked for', () => {
    const teacher = parseVocabularyCsv(
      'index,mid,display_name\n0,/m/x,Extra\n1,,Cello\n2,/m/b,Banjo (renamed)\n3,/m/z,Accordion',
    );
    expect(classMap(teacher, run)).toEqual(Int32Array.of(3, 2, 1));
  });

  it('names the classes that a teacher lacks', () => {
    const teacher = parseVocabularyCsv('index,mid,display_name\n0,/m/b,Banjo');
    expect(() => classMap(teacher, run)).toThrow(
      expect.objectContaining({
        code: 'TeacherInvalid',
        fault: 'classesMissing',
        missing: ['Accordion', 'Cello'],
      }) as Error,
    );
    expect(() => classMap(teacher, run)).toThrow('Accordion, Cello');
  });

  it('lets a teacher abstain from classes that it lacks, if it has one at all', () => {
    const banjo = parseVocabularyCsv('index,mid,display_name\n0,,Other\n1,/m/b,Banjo');
    const map = classMap(banjo, run, 'abstain');
    expect(map).toEqual(Int32Array.of(-1, 1, -1));
    expect(abstentionNote(map, run)).toBe('abstains from 2 of 3 classes: Accordion, Cello');
    expect(abstentionNote(Int32Array.of(0, 1, 2), run)).toBeNull();
    const other = parseVocabularyCsv('index,mid,display_name\n0,,Other');
    expect(() => classMap(other, run, 'abstain')).toThrow('lacks 3 of 3 classes');
  });

  it('refuses an ensemble in which nobody knows a class, by its name', () => {
    const [accordion, banjo] = [Int32Array.of(0, -1, -1), Int32Array.of(-1, 0, -1)];
    expect(() => requireEveryClass([accordion, banjo], run)).toThrow(
      'no teacher knows 1 of 3 classes: Cello; add a teacher that does',
    );
    expect(() => requireEveryClass([accordion, Int32Array.of(-1, 0, 1)], run)).not.toThrow();
    expect(() => requireEveryClass([], run)).not.toThrow();
  });
});
