/**
 * What tests ask of a page, as scripts that run in it: they are text, because the browser's types
 * are not this project's.
 */

/** Names of the sections that take up room. */
export const sectionsShown = `[...document.querySelectorAll('section')]
  .filter((each) => each.getBoundingClientRect().height > 60)
  .map(({ id }) => id)`;

/** True when every chart is drawn. */
export const chartsDrawn =
  "document.querySelectorAll('.chart canvas').length === " +
  "document.querySelectorAll('.chart').length";

export const pageWidth = `document.documentElement.scrollWidth`;

/** Elements that stand out to the right, outside of what scrolls in itself. */
export const standingOut = `[...document.querySelectorAll('main *')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .filter((each) => !each.closest('.scroll, pre, .mark'))
  .map((each) => each.tagName + ' ' + each.className)`;

/** Tables and texts that do not fit the element that scrolls them: on paper they are cut off. */
export const cutOff = `[...document.querySelectorAll('.scroll, pre')]
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.tagName + ' ' + (each.querySelector('table')?.className ?? each.className))`;

/** Cells and tags whose text is wider than they are. */
export const overflowing = `[...document.querySelectorAll('th, td, .tags li')]
  .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.tagName + ' ' + each.textContent.trim().slice(0, 40))`;

/** Words of tables' heads that are drawn in two lines. Between hyphens they may be. */
export const brokenHeads = `[...document.querySelectorAll('thead th')].flatMap((head) => {
  const texts = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode())
    for (const { 0: word, index } of text.data.matchAll(/[^\\s-]+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.push(word);
    }
  return broken;
})`;

/** Rows of the table of classes that can be seen without scrolling the table in itself. */
export const classesInView = `(() => {
  const view = document.querySelector('#class-table').parentElement.getBoundingClientRect();
  return [...document.querySelectorAll('#class-table tbody tr')].filter(
    (row) => row.getBoundingClientRect().bottom <= view.bottom + 1,
  ).length;
})()`;

/** Scores in the second column of the table of classes. */
export const classScores = `[...document.querySelectorAll('#class-table tbody tr td:nth-child(2)')]
    .map((cell) => Number(cell.dataset.value))`;

/** Length of the first clip, once it is loaded. */
export const clipSeconds = `new Promise((resolve, reject) => {
  const player = document.querySelector('#wrong audio');
  player.addEventListener('loadedmetadata', () => resolve(player.duration));
  player.addEventListener('error', () => reject(new Error(player.error.message)));
  player.preload = 'auto';
  player.load();
})`;

/** Texts whose contrast with their background is below 4.5 (WCAG 2, AA), charts aside. */
export const faintTexts = `(() => {
  const channels = (colour) => {
    const [, space, numbers] = /(rgba?|color)\\((?:srgb )?([^)]*)\\)/.exec(colour) ?? [];
    const values = (numbers ?? '').split(/[ ,/]+/).map(Number);
    return space === 'color' ? values.map((value, at) => (at < 3 ? value * 255 : value)) : values;
  };
  const luminance = (colour) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
      const value = colour[index] / 255;
      return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    }, 0);
  const backgroundOf = (element) => {
    if (!element) return [255, 255, 255];
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour.length === 4 && colour[3] === 0 ? backgroundOf(element.parentElement) : colour;
  };
  const faint = [];
  for (const element of document.querySelectorAll('main *')) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim(),
    );
    if (!own || element.closest('.chart, .mark.lost, script, noscript')) continue;
    const text = luminance(channels(getComputedStyle(element).color));
    const ground = luminance(backgroundOf(element));
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    const { tagName, className, textContent } = element;
    if (!(contrast >= 4.5))
      faint.push([tagName, className, textContent.slice(0, 20), contrast.toFixed(2)].join(' '));
  }
  return [...new Set(faint)];
})()`;

/** What axe, once it is loaded, finds wrong: rule and element. */
export const axeFaults = `axe
  .run(document, { resultTypes: ['violations'] })
  .then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(': ')),
    ),
  )`;
