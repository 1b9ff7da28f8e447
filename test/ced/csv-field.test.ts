import { csvField } from '../../ced/csv-field';
import { singleClipNote } from '../../ced/corpus/single-clips';
import { abstentionNote } from '../../ced/teachers/class-map';

describe('a name with a comma', () => {
  const SPEECH = 'Male speech, man speaking';

  it('is quoted as RFC 4180 says, and only such a name', () => {
    expect(['Cello', SPEECH, 'a 7" record', 'two\nlines'].map(csvField)).toEqual([
      'Cello',
      `"${SPEECH}"`,
      '"a 7"" record"',
      '"two\nlines"',
    ]);
  });

  it('can be told from two names where classes are listed', () => {
    const names = [SPEECH, 'Cello'];
    expect(singleClipNote(names.map((name) => ({ name, clips: 1 })))).toBe(
      `2 classes have a single clip: "${SPEECH}", Cello`,
    );
    const classes = names.map((name) => ({ mid: '', name }));
    expect(abstentionNote(Int32Array.of(-1, -1), classes)).toBe(
      `abstains from 2 of 2 classes: "${SPEECH}", Cello`,
    );
  });
});
