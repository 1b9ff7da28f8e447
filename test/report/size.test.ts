import { readPageAssets } from '../../activities/publish/page-assets';
import type { ReportData } from '../../report/report-data';
import { renderReport } from '../../report/report-page';
import { sampleReport } from './sample-report';

const section = (data: ReportData, id: string): string =>
  new RegExp(`<section id="${id}">[^]*?</section>`).exec(
    renderReport(data, readPageAssets()),
  )?.[0] ?? '';
const textOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ');

describe('the comparison by size', () => {
  it('has a row for each model with bytes, operations and speed', () => {
    const text = textOf(section(sampleReport(), 'size'));
    expect(text).toContain('4 mini student 0.267 0.22 M 888 kB 231 kB 64.5 M 254 ×');
    expect(text).toContain('5 earlier/mini-labels trained from labels');
  });

  it('draws each scored model in both charts, with the number of its row', () => {
    const html = section(sampleReport(), 'size');
    const [size = '', time = ''] =
      html.match(/<figure class="plot scatter">[^]*?<\/figure>/g) ?? [];
    const titlesOf = (plot: string) =>
      [...plot.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title);
    const all = ['1 small-a', '2 small-b', '3 wide', '4 mini', '5 earlier/mini-labels'];
    expect(titlesOf(size)).toEqual(all);
    expect(titlesOf(time)).toEqual(all);
    expect(size).toContain('bytes of the weights in float32');
    expect(html).not.toContain('NaN');
  });

  it('has ticks on both axes, however close the sizes of its models lie', () => {
    const data = sampleReport();
    for (const factor of [1, 1.01, 40, 1e4]) {
      data.scored.forEach((model, index) => {
        model.weights.float32 = 2_700_000 * factor ** (index / 4);
        model.latency = { milliseconds: 54, audioSeconds: 10, processor: 'a processor' };
      });
      const plots = section(data, 'size').match(/<figure class="plot scatter">[^]*?<\/figure>/g)!;
      for (const plot of plots) expect(plot.match(/class="x"/g)?.length).toBeGreaterThanOrEqual(2);
    }
  });

  it('says how much slower than its audio a slow model is', () => {
    const data = sampleReport();
    const slow = { milliseconds: 39_370, audioSeconds: 10, processor: 'a processor' };
    data.scored[3]!.latency = slow;
    expect(textOf(section(data, 'size'))).toContain('64.5 M 0.254 ×');
  });

  it('compares times on one processor alone', () => {
    const data = sampleReport();
    data.scored[4]!.latency = { ...data.scored[4]!.latency!, processor: 'another' };
    const [, time = ''] =
      section(data, 'size').match(/<figure class="plot scatter">[^]*?<\/figure>/g) ?? [];
    expect(time).not.toContain('earlier/mini-labels');
  });

  it('is a table alone where eval has no labels', () => {
    const data = sampleReport({ labelled: false });
    expect(section(data, 'size')).not.toContain('<figure');
    expect(textOf(section(data, 'size'))).toContain('4 mini student – 0.22 M 888 kB');
  });

  it('leaves out what a network that is not ours does not say', () => {
    const data = sampleReport();
    Object.assign(data.scored[0]!, {
      ...{ weights: { float32: null, int8: null }, operations: null, parameters: null },
      latency: null,
    });
    expect(textOf(section(data, 'size'))).toContain('1 small-a teacher 0.254 – – – – –');
  });
});

describe('the rungs of a halving', () => {
  it('are a table each, and absent without one', () => {
    const data = sampleReport({ students: ['wide', 'narrow'] });
    expect(section(data, 'halving')).toBe('');
    data.result.halving = [
      {
        epoch: 4,
        students: [
          { name: 'wide', mAP: 0.21, goesOn: true },
          { name: 'narrow', mAP: null, divergence: 0.0123, goesOn: false },
        ],
      },
    ];
    const text = textOf(section(data, 'halving'));
    expect(text).toContain('After epoch 4');
    expect(text).toContain('wide 0.210 went on narrow divergence 0.0123 ended');
  });
});
