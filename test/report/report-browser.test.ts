import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { readPageAssets } from '../../activities/publish/page-assets';
import { renderReport } from '../../report/report-page';
import { browser as findBrowser } from '../../infra/toolchain';
import {
  chartsDrawn,
  classScores,
  clipSeconds,
  faintTexts,
  pageWidth,
  sectionsShown,
  standingOut,
} from './page-checks';
import { sampleReport } from './sample-report';

const found = findBrowser();
if ('missing' in found)
  console.warn(
    'left out: the report looked at in a browser (test/report/report-browser.test.ts), ' +
      `because ${found.missing}`,
  );

const VIEWPORTS = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
} as const;
const SECTIONS = [
  'models',
  'training',
  'classes',
  'tags',
  'agreement',
  'wrong',
  'timeline',
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
    writeFileSync(
      file,
      renderReport(
        sampleReport({ students: ['mini', 'a-student-with-a-very-long-name-indeed'] }),
        readPageAssets(),
      ),
    );
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
  ): Promise<{ page: Page; troubles: string[] }> => {
    // Where the machine's locale is POSIX, Chromium's is one that no `Intl` takes.
    const page = await browser.newPage({ viewport, colorScheme, locale: 'en-US' });
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(`console ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    page.on(
      'request',
      (request) =>
        /^(file|data):/.test(request.url()) || troubles.push(`request: ${request.url()}`),
    );
    await page.goto(pathToFileURL(file).href);
    // Not waitForFunction: it polls by eval, which the page's content security policy refuses.
    while (!(await page.evaluate(chartsDrawn))) await page.waitForTimeout(50);
    return { page, troubles };
  };

  describe.each(Object.entries(VIEWPORTS))('at the width of a %s', (_name, viewport) => {
    it.each(['light', 'dark'] as const)(
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

  it('has text that can be told from its background', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(VIEWPORTS.desktop, scheme);
      expect(await page.evaluate(faintTexts)).toEqual([]);
      await page.close();
    }
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
