import { readPageAssets } from '../../activities/publish/page-assets';
import { classHints } from '../../report/class-hints';
import { renderReport } from '../../report/report-page';
import { sampleReport } from './sample-report';

describe('classes of eval', () => {
  const classes = (...positives: number[]) => ({
    classes: positives.map((count, index) => ({ name: `c${index}`, positives: count })),
  });

  it('with few clips are counted and the rarest named', () => {
    const [hint] = classHints(classes(400, 9, 3, 10, 5, 7, 0));
    expect(hint).toEqual({
      kind: 'few clips of a class',
      about: 'eval',
      value: 4,
      text:
        '4 of 6 classes have fewer than 10 clips in eval (c2 3, c4 5, c5 7, …; the most frequent ' +
        '400): their average precision is mostly chance, and mAP counts them like the others; ' +
        'add clips of them',
    });
  });

  it('with enough clips, or without labels, give no hint', () => {
    expect(classHints(classes(10, 400))).toEqual([]);
    expect(classHints(classes())).toEqual([]);
    expect(classHints(null)).toEqual([]);
  });
});

describe('the report of a run', () => {
  const assets = readPageAssets();

  it('begins with what to look at, as text', () => {
    const data = sampleReport();
    expect(renderReport(data, assets)).not.toContain('What to look at');
    data.result.hints = [
      {
        kind: 'still learning',
        about: 'mini',
        value: 0.02,
        error: 0.01,
        text: '<b>mini</b> learns',
      },
    ];
    const page = renderReport(data, assets);
    expect(page).toContain('&#60;b&#62;mini');
    expect(page.indexOf('id="hints"')).toBeLessThan(page.indexOf('id="models"'));
  });
});
