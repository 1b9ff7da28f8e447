import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { readPageAssets } from '../../activities/publish/page-assets';
import { html } from '../../report/html';
import { renderReport } from '../../report/report-page';
import { browser as findBrowser } from '../../infra/toolchain';
import {
  axeFaults,
  brokenHeads,
  chartsDrawn,
  classesInView,
  classScores,
  clipSeconds,
  cutOff,
  faintTexts,
  overflowing,
  pageWidth,
  sectionsShown,
  standingOut,
} from './page-checks';
import { sampleReport } from './sample-report';
import type { ReportData } from '../../report/report-data';

/** Two students, one of a long name, every model timed; another run did the work. */
function fullReport(): ReportData {
  const data = sampleReport({ students: ['mini', 'a-student-with-a-very-long-name-indeed'] });
  const workflowRunId = '0197a3f0-0000-7000-8000-000000000001';
  const time = { seconds: 420, cpuSeconds: 30, gpuSeconds: 390 };
  data.result.cost = {
    ...time,
    stages: [{ name: 'distill', seconds: 203 }],
    runs: [
      {
        ...{ ...time, workflowRunId, fromMs: 1_790_000_000_000, attempts: 9, unsuccessful: 1 },
        report: `runs/instruments/${workflowRunId}/report.html`,
      },
    ],
  };
  for (const model of data.models)
    if (model.role !== 'ensemble')
      model.latency = { milliseconds: 12.34, audioSeconds: 10, processor: 'Test CPU' };
  return data;
}

const found = findBrowser();
if ('missing' in found)
  console.warn(
    'left out: the report looked at in a browser (test/report/report-browser.test.ts), ' +
      `because ${found.missing}`,
  );

const VIEWPORTS = {
  desktop: { width: 1280, height: 900 },
  'small desktop': { width: 1022, height: 740 },
  phone: { width: 375, height: 812 },
} as const;
/** A4 between margins of 12 mm, at 96 pixels an inch. */
const PAPER = { width: 703, height: 1032 };
const SCHEMES = ['light', 'dark'] as const;
const SECTIONS = [
  'models',
  'size',
  'training',
  'classes',
  'tags',
  'agreement',
  'wrong',
  'timeline',
  'cost',
  'stages',
  'storage',
  'rejected',
  'lineage',
  'provenance',
];

('path' in found ? describe : describe.skip)('the report in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-report-'));
  const file = join(folder, 'report.html');
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, renderReport(fullReport(), readPageAssets()));
    const executablePath = 'path' in found ? found.path : '';
    // Chromium refuses its sandbox to root, as which containers run.
    browser = await chromium.launch({
      executablePath,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the report and notes everything that a reader should never meet. */
  const open = async (
    viewport: { width: number; height: number },
    colorScheme: 'light' | 'dark',
    media: 'screen' | 'print' = 'screen',
    report = file,
  ): Promise<{ page: Page; troubles: string[] }> => {
    // Where the machine's locale is POSIX, Chromium's is one that no `Intl` takes.
    const page = await browser.newPage({ viewport, colorScheme, locale: 'en-US' });
    await page.emulateMedia({ media });
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(`console ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    page.on(
      'request',
      (request) =>
        /^(file|data):/.test(request.url()) || troubles.push(`request: ${request.url()}`),
    );
    await page.goto(pathToFileURL(report).href);
    // Not waitForFunction: it polls by eval, which the page's content security policy refuses.
    while (!(await page.evaluate(chartsDrawn))) await page.waitForTimeout(50);
    return { page, troubles };
  };

  describe.each(Object.entries(VIEWPORTS))('at the width of a %s', (_name, viewport) => {
    it.each(SCHEMES)(
      'shows every section in a %s scheme, without a word on the console or a request',
      async (scheme) => {
        const { page, troubles } = await open(viewport, scheme);
        expect(await page.evaluate(sectionsShown)).toEqual(SECTIONS);
        expect(troubles).toEqual([]);
        await page.close();
      },
    );

    it('never scrolls sideways, and cuts off nothing outside scrolling elements', async () => {
      const { page } = await open(viewport, 'light');
      for (const details of await page.locator('details > summary').all()) await details.click();
      expect(await page.evaluate(standingOut)).toEqual([]);
      expect(await page.evaluate(pageWidth)).toBe(viewport.width);
      await page.close();
    });
  });

  it.each([
    ['a small desktop', VIEWPORTS['small desktop'], 'screen'],
    ['a phone', VIEWPORTS.phone, 'screen'],
    ['A4 paper', PAPER, 'print'],
  ] as const)('shows all columns of the models on %s', async (_name, viewport, media) => {
    const { page } = await open(viewport, 'light', media);
    const cut = await page.evaluate<string[]>(cutOff);
    expect(cut.filter((each) => each.includes('models'))).toEqual([]);
    expect(await page.locator('.models td[data-head="Training"]').last().isVisible()).toBe(true);
    await page.close();
  });

  it('breaks no head of a table within a word, on paper', async () => {
    const { page } = await open(PAPER, 'light', 'print');
    expect(await page.evaluate(brokenHeads)).toEqual([]);
    await page.close();
  });

  it('is printed whole, in ink on white, whatever the scheme of the screen', async () => {
    for (const scheme of SCHEMES) {
      const { page } = await open(PAPER, scheme, 'print');
      expect(await page.evaluate(cutOff)).toEqual([]);
      expect(await page.evaluate(standingOut)).toEqual([]);
      expect(await page.evaluate(faintTexts)).toEqual([]);
      await page.close();
    }
  });

  it('has text that can be told from its background', async () => {
    for (const scheme of SCHEMES) {
      const { page } = await open(VIEWPORTS.desktop, scheme);
      expect(await page.evaluate(faintTexts)).toEqual([]);
      await page.close();
    }
  });

  describe.each(SCHEMES)('has no fault that axe finds in a %s scheme', (scheme) => {
    it.each([
      ['a desktop', VIEWPORTS.desktop, 'screen'],
      ['a phone', VIEWPORTS.phone, 'screen'],
      ['paper', PAPER, 'print'],
    ] as const)('on %s', async (_name, viewport, media) => {
      const { page } = await open(viewport, scheme, media);
      await page.evaluate(`${readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')};0`);
      expect(await page.evaluate(axeFaults)).toEqual([]);
      await page.close();
    });
  });

  describe('with names that are long', () => {
    const long = join(folder, 'long.html');
    beforeAll(() => {
      const data = fullReport();
      const named = new Map(data.classes.map(({ name }, at) => [name, `${name} `.repeat(6) + at]));
      const endless = 'Supercalifragilisticexpialidocious'.repeat(4);
      for (const each of data.classes) each.name = named.get(each.name)!;
      data.classes[0]!.name = endless;
      for (const { worst = [] } of data.models)
        for (const { student } of worst) student[0]!.name = endless;
      writeFileSync(long, renderReport(data, readPageAssets()));
    });

    it.each([
      ['a small desktop', VIEWPORTS['small desktop'], 'screen'],
      ['a phone', VIEWPORTS.phone, 'screen'],
      ['A4 paper', PAPER, 'print'],
    ] as const)('draws none over its neighbour, on %s', async (_name, viewport, media) => {
      const { page } = await open(viewport, 'light', media, long);
      for (const details of await page.locator('details > summary').all()) await details.click();
      expect(await page.evaluate(overflowing)).toEqual([]);
      const [name, score] = await Promise.all(
        ['th', 'td'].map((cell) =>
          page.locator(`#class-table tbody ${cell}`).first().boundingBox(),
        ),
      );
      expect(score!.x + score!.width).toBeLessThanOrEqual(viewport.width);
      expect(name!.width).toBeLessThan(viewport.width / 2);
      await page.close();
    });
  });

  it('leaves out what a model has no value of, on a phone', async () => {
    const { page } = await open(VIEWPORTS.phone, 'light');
    const shown = await page.locator('.models tr.ensemble td:visible').all();
    const heads = await Promise.all(shown.map((cell) => cell.getAttribute('data-head')));
    expect(heads).toEqual(['Eval mAP', 'Parameters']);
    await page.close();
  });

  it('draws a number behind a name that is read from right to left, as behind others', async () => {
    const page = await browser.newPage({ viewport: VIEWPORTS.desktop });
    const list = html`<ul>
      ${['עוד', 'Oud'].map((name) => html`<li>${name} <span>${0.5}</span></li>`)}
    </ul>`;
    await page.setContent(list.text);
    for (const item of await page.locator('li').all()) {
      const { x: left } = (await item.boundingBox())!;
      expect((await item.locator('span').boundingBox())!.x).toBeGreaterThan(left + 5);
    }
    await page.close();
  });

  it('has the numbers of every chart for readers without scripts', async () => {
    const page = await browser.newPage({ javaScriptEnabled: false, viewport: VIEWPORTS.desktop });
    await page.goto(pathToFileURL(file).href);
    const charts = page.locator('#training figure');
    expect(await charts.count()).toBeGreaterThan(2);
    for (const chart of await charts.all()) {
      await chart.locator('summary').click();
      const rows = chart.locator('tbody tr');
      expect(await rows.last().isVisible()).toBe(true);
      expect(await rows.last().locator('td').allTextContents()).toContainEqual(
        expect.stringMatching(/\d/),
      );
    }
    await page.close();
  });

  it('shows all classes at once, and says how many a filter leaves', async () => {
    const { page } = await open(VIEWPORTS.desktop, 'light');
    expect(await page.evaluate(classesInView)).toBe(52);
    expect(await page.locator('#class-count').textContent()).toBe('52 of 52 classes');
    await page.locator('.filter').fill('violin');
    expect(await page.locator('#class-count').textContent()).toBe('5 of 52 classes');
    await page.close();
  });

  it('sorts classes by any column and filters them by name', async () => {
    const { page } = await open(VIEWPORTS.desktop, 'light');
    const scores = (): Promise<number[]> => page.evaluate(classScores);
    const descending = await scores();
    expect(descending).toEqual(descending.toSorted((a, b) => b - a));
    await page.locator('#class-table thead button').nth(1).click();
    expect(await scores()).toEqual(descending.toReversed());
    await page.locator('.filter').fill('violin');
    const names = await page.locator('#class-table tbody tr:visible th').allTextContents();
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name.toLowerCase()).toContain('violin');
    await page.close();
  });

  it('plays the clips it holds', async () => {
    const { page, troubles } = await open(VIEWPORTS.desktop, 'light');
    expect(await page.evaluate(clipSeconds)).toBe(1);
    expect(troubles).toEqual([]);
    await page.close();
  });
});
