/**
 * A run's report as one HTML file that needs no network. Its content policy forbids every request
 * and every script but those it carries, so even a gap in the escaping could run nothing. The same
 * data and assets give the same bytes. A new section is one more line in `sections`.
 */
import { createHash } from 'node:crypto';
import { agreementSection } from './report-agreement';
import { chartData, chartsSection } from './report-charts';
import { championSection } from './report-champion';
import { classesSection } from './report-classes';
import { ensembleSection } from './report-ensemble';
import { comparisonSections } from './report-comparison';
import type { RunComparison } from './run-comparison';
import { halvingSection } from './report-halving';
import { headline } from './report-headline';
import { hintsSection } from './report-hints';
import { escapeHtml, html, Html, scriptJson } from './html';
import { lineageSection } from './report-lineage';
import { modelsSection } from './report-models';
import type { Section } from './report-section';
import { provenanceSection } from './report-provenance';
import { makersSection, rejectedSection, stagesSection, storageSection } from './report-costs';
import type { ReportData } from './report-data';
import { sizeSection } from './report-size';
import { tagsSection } from './report-tags';
import { timelineSection } from './report-timeline';
import { wrongClipsSection } from './report-wrong-clips';

const sections: ((data: ReportData) => Section | null)[] = [
  hintsSection,
  modelsSection,
  sizeSection,
  halvingSection,
  ensembleSection,
  championSection,
  chartsSection,
  classesSection,
  tagsSection,
  agreementSection,
  wrongClipsSection,
  timelineSection,
  makersSection,
  stagesSection,
  storageSection,
  rejectedSection,
  lineageSection,
  provenanceSection,
];

/** Texts that the page carries. None may hold `</script` or `</style`, or name an address. */
export interface PageAssets {
  /** page.css */
  style: string;
  /** page.js */
  script: string;
  /** uPlot's style sheet and script. */
  plotStyle: string;
  plotScript: string;
}

export function renderReport(data: ReportData, assets: PageAssets): string {
  const shown = sections.map((section) => section(data)).filter((section) => section !== null);
  const scripts = shown.some(({ id }) => id === 'training')
    ? [assets.plotScript, assets.script]
    : [assets.script];
  return renderPage({
    title: `${data.result.run} · ${data.kind} report`,
    styles: [assets.plotStyle, assets.style],
    scripts,
    body: html`<main>
        ${headline(data)}
        <nav aria-label="Sections">
          ${shown.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}
        </nav>
        ${shown.map(renderSection)}
      </main>
      <script type="application/json" id="chart-data">
        ${scriptJson(chartData(data))}
      </script>`,
  });
}

/** Two runs beside each other, as one HTML file without a script. */
export function renderComparison(
  comparison: RunComparison,
  { style }: Pick<PageAssets, 'style'>,
): string {
  const [before, after] = comparison.runs;
  const isAlike = before.workflowId === after.workflowId;
  return renderPage({
    title: `${before.workflowId} and ${after.workflowId} compared`,
    styles: [style],
    scripts: [],
    body: html`<main>
      <header>
        <p class="kicker">Comparison</p>
        <h1>${after.workflowId}</h1>
        <p class="lead">
          ${isAlike ? `${after.place} ` : ''}compared with
          ${isAlike ? before.place : before.workflowId}
        </p>
      </header>
      ${comparisonSections(comparison).map(renderSection)}
    </main>`,
  });
}

interface Page {
  title: string;
  styles: readonly string[];
  scripts: readonly string[];
  body: Html;
}

function renderPage({ title, styles, scripts, body }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentPolicy(scripts)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${new Html(escapeHtml(title))}</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(styles.join(''))}
        </style>
      </head>
      <body>
        ${body} ${scripts.map(inlineScript)}
      </body>
    </html> `.text;
}

function renderSection({ id, title, note, content }: Section): Html {
  return html`<section id="${id}">
    <h2>${title}</h2>
    ${note === undefined ? null : html`<p class="note">${note}</p>`} ${content}
  </section> `;
}

/**
 * Not an `html` template: the policy's hash covers every character between the tags, and a
 * formatter could add one.
 */
function inlineScript(script: string): Html {
  return new Html(`<script>${script}</script>\n`);
}

function contentPolicy(scripts: readonly string[]): string {
  const hashes = scripts
    .map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    .join(' ');
  return (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; " +
    `script-src ${hashes || "'none'"}`
  );
}
