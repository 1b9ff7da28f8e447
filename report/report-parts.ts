/**
 * Parts that several sections use. Colours are CSS variables, so that they follow light and dark.
 */
import { html, type Html } from './html';
import type { ReportData, ReportModel } from './report-data';

/** As many as page.css defines. */
const SERIES_COLOURS = 8;

export function seriesColour(index: number): string {
  return `--series-${index % SERIES_COLOURS}`;
}

/** Teachers share one muted colour; the ensemble and each student have their own. */
export function modelColour({ models }: Pick<ReportData, 'models'>, model: ReportModel): string {
  if (model.role === 'student')
    return seriesColour(models.filter(({ role }) => role === 'student').indexOf(model));
  return `--${model.role}`;
}

/** A number and its bar. @param share of the bar's full width, 0 to 1 */
export function bar(label: string, share: number, colour: string): Html {
  return html`<span class="meter"
    ><b>${label}</b
    ><i style="--share:${Math.max(0, Math.min(1, share)).toFixed(4)};--colour:var(${colour})"></i
  ></span>`;
}

export function dot(colour: string): Html {
  return html`<i class="dot" style="--colour:var(${colour})"></i>`;
}

/** A column's head; `left` where its cells hold more than a number. */
type Column = string | { left: string };

/** Columns that are null are left out; `rows` must then lack their cells. */
export function table(
  columns: readonly (Column | null)[],
  rows: readonly Html[],
  kind?: string,
): Html {
  const heads = columns.map((column) => {
    if (column === null) return null;
    return typeof column === 'string'
      ? html`<th scope="col">${column}</th>`
      : html`<th scope="col" class="bar">${column.left}</th>`;
  });
  return scrollingTable(heads, rows, { kind });
}

/** A table with its own heads. A wide one scrolls by itself: the page never scrolls sideways. */
export function scrollingTable(
  heads: readonly (Html | null)[],
  rows: readonly Html[],
  { kind, id }: { kind?: string | undefined; id?: string } = {},
): Html {
  return html`<div class="scroll" tabindex="0">
    <table class="${kind}" ${id === undefined ? null : html`id="${id}"`}>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
