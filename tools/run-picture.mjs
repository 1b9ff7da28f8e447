// `npm run picture`: draws docs/pictures/demo-run.svg from docs/pictures/demo-run.txt, the output
// of `npm start` in a log: the demo on two cores. The log has a line every 15 s for a stage that
// runs; the picture shows them as a terminal does, a line for each stage that is redrawn in place,
// and stays at the last one. It is animated by style sheet alone, so that GitHub shows it; where
// there is no animation, and for readers who want none, it is the last screen.
// usage: node tools/run-picture.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';

const LOG = 'docs/pictures/demo-run.txt';
const PICTURE = 'docs/pictures/demo-run.svg';
const COLUMNS = 110;
const [CELL, LINE, MARGIN] = [8.4, 20, 20];
/** The whole run in the time that a reader watches. */
const SECONDS = 20;
/** A stage's line begins with its count; the table has a line `logits` too. */
const STAGE = /^(plan|download|gate|logits|distill|evaluate|publish) {2,}\d+\/\d+ /;

const picture = draw(readFileSync(LOG, 'utf8'));
if (!process.argv.includes('--check')) writeFileSync(PICTURE, picture);
else if (readFileSync(PICTURE, 'utf8') !== picture) {
  console.error(`${PICTURE} is out of date, run npm run picture`);
  process.exitCode = 1;
}

/** @param log of one run. @returns SVG */
function draw(log) {
  const texts = textsOf(log.trimEnd().split('\n'));
  const rows = 1 + Math.max(...texts.map(({ row }) => row));
  const [width, height] = [COLUMNS * CELL + 2 * MARGIN, rows * LINE + 2 * MARGIN];
  const moments = Math.max(...texts.map(({ from }) => from)) + 1;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"`,
    '  aria-label="npm start: the stages of the demo, then its table of models">',
    '  <style>',
    '    rect { fill: #161a21 }',
    '    text { fill: #e9ecf1; font: 14px ui-monospace, Menlo, Consolas, monospace }',
    '    text { white-space: pre }',
    '    .done { fill: #4fd1a8 }',
    '    .past { visibility: hidden }',
    '    @media (prefers-reduced-motion: no-preference) {',
    ...texts.flatMap((text, index) => keyframes(text, index, moments)),
    '    }',
    '  </style>',
    `  <rect width="${width}" height="${height}" rx="12" />`,
    ...texts.map(({ text, row, to }, index) => {
      const kinds = [
        `t${index}`,
        ...(to === null ? [] : ['past']),
        ...(isDone(text) ? ['done'] : []),
      ];
      const y = MARGIN + (row + 0.75) * LINE;
      const place = `x="${MARGIN}" y="${y}" textLength="${(text.length * CELL).toFixed(1)}"`;
      return `  <text class="${kinds.join(' ')}" ${place}>${escaped(text)}</text>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

/**
 * Each text with its row and the moments, counted in lines of the log, from which to which it can
 * be seen; null = to the end. A line of a stage replaces the one before it.
 */
function textsOf(lines) {
  const texts = [];
  const ofStage = new Map();
  let rows = 0;
  for (const [from, line] of lines.entries()) {
    const stage = STAGE.exec(line)?.[1];
    const before = stage === undefined ? undefined : ofStage.get(stage);
    if (before) before.to = from;
    const text = line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line;
    const own = { text, row: before?.row ?? rows++, from, to: null };
    if (stage !== undefined) ofStage.set(stage, own);
    if (text !== '') texts.push(own);
  }
  return texts;
}

function keyframes({ from, to }, index, moments) {
  const at = (moment, visibility) =>
    `${((100 * moment) / moments).toFixed(2)}% { visibility: ${visibility} }`;
  const frames = [
    at(0, 'hidden'),
    at(from, 'visible'),
    ...(to === null ? [] : [at(to, 'hidden')]),
  ].join(' ');
  return [
    `      @keyframes k${index} { ${frames} }`,
    `      .t${index} { animation: k${index} ${SECONDS}s step-end }`,
  ];
}

function isDone(line) {
  return STAGE.test(line) && line.includes('  done in ');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
