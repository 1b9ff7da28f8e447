/**
 * Charts of the training: loss, validation and learning rate. uPlot draws them from a data
 * block in the page (page.js).
 */
import { html, type Html } from './html';
import { formatCount, formatScore } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { seriesColour, table } from './report-parts';

/** Smaller differences of mAP are not worth a note. */
const NOTABLE_MAP = 0.002;

/** Of a series in its chart's table. */
const POINTS_LISTED = 20;

interface ChartSeries {
  label: string;
  /** CSS variable. */
  colour: string;
  style: 'line' | 'faint' | 'dashed';
  /** One for each x, null where the series has no point. */
  values: (number | null)[];
}
interface Chart {
  id: string;
  title: string;
  xLabel: string;
  xs: number[];
  series: ChartSeries[];
}

interface Line extends Omit<ChartSeries, 'values'> {
  points: { x: number; y: number }[];
}

export function chartsSection(data: ReportData): Section | null {
  const charts = chartData(data);
  if (charts.length === 0) return null;
  return {
    id: 'training',
    title: 'Training',
    note:
      'Point at a curve to read it, drag to zoom in, double-click to zoom out.' +
      averagingNotes(data),
    content: html`<div class="charts">
      ${charts.map(
        (chart) =>
          html`<figure>
            <figcaption>${chart.title}</figcaption>
            <div class="chart" id="chart-${chart.id}"></div>
            <noscript><p class="note">The curves need JavaScript; the numbers do not.</p></noscript>
            <details>
              <summary>Numbers of this chart</summary>
              ${chartTable(chart)}
            </details>
          </figure>`,
      )}
    </div>`,
  };
}

/** For readers without scripts or without sight: the chart's numbers, thinned evenly. */
function chartTable({ xLabel, xs, series }: Chart): Html {
  const listed = new Set(series.flatMap(({ values }) => listedPoints(values)));
  const rows = xs.flatMap((x, index) =>
    listed.has(index)
      ? [
          html`<tr>
            <th scope="row">${formatCount(x)}</th>
            ${series.map(({ values }) => html`<td>${chartNumber(values[index] ?? null)}</td>`)}
          </tr> `,
        ]
      : [],
  );
  const left = xs.length - rows.length;
  return html`${table([xLabel, ...series.map(({ label }) => label)], rows, 'numbers')}
  ${
    left === 0
      ? null
      : html`<p class="note">
          ${formatCount(left)} points between these are left out; metrics/ of the run has all.
        </p>`
  }`;
}

/** Places of at most 21 points of a series, its last one included: what a training came to. */
function listedPoints(values: Chart['series'][number]['values']): number[] {
  const points = [...values.keys()].filter((index) => values[index] !== null);
  const every = Math.ceil(points.length / POINTS_LISTED);
  return points.filter((_, at) => at % every === 0 || at === points.length - 1);
}

function chartNumber(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(4)));
}

/**
 * Says where averaging cost mAP: checkpoints of a short training lie far apart, and their average
 * can be worse than the best of them.
 */
function averagingNotes({ models, curves }: ReportData): string {
  return curves
    .flatMap(({ name, epochs }) => {
      const average =
        models.find((model) => model.trained?.name === name)?.trained?.validationMAP ?? null;
      const best = Math.max(...epochs.map(({ mAP }) => mAP ?? -1));
      if (average === null || best - average < NOTABLE_MAP) return [];
      return (
        ` The averaged weights of ${name} reach a validation mAP of ${formatScore(average)}, ` +
        `its best epoch alone ${formatScore(best)}: try a lower averageBest, or a lower ` +
        'validateEvery, which averages epochs that lie closer together.'
      );
    })
    .join('');
}

export function chartData(data: ReportData): Chart[] {
  const lines = (
    points: (curve: ReportData['curves'][number]) => Line['points'],
    label: (name: string) => string,
    style: Line['style'],
  ): Line[] =>
    data.curves.map((curve, index) => ({
      label: label(curve.name),
      colour: seriesColour(index),
      style,
      points: points(curve),
    }));
  // An epoch's mean loss is drawn at its middle: at its end it would seem to lag behind its steps.
  const loss = [
    ...lines(
      ({ steps }) => steps.map(({ step, loss: y }) => ({ x: step, y })),
      (name) => `${name}, step`,
      'faint',
    ),
    ...lines(
      ({ epochs }) =>
        epochs.map(({ step, loss: y }, index) => ({
          x: Math.round((step + (epochs[index - 1]?.step ?? 0)) / 2),
          y,
        })),
      (name) => `${name}, epoch`,
      'line',
    ),
  ];
  const validated = lines(
    ({ epochs }) =>
      epochs.flatMap(({ epoch, mAP }) => (mAP === null ? [] : [{ x: epoch, y: mAP }])),
    (name) => name,
    'line',
  );
  const divergence = lines(
    ({ epochs }) =>
      epochs.flatMap((each) =>
        each.divergence === undefined ? [] : [{ x: each.epoch, y: each.divergence }],
      ),
    (name) => name,
    'line',
  );
  const learningRate = lines(
    ({ steps }) => steps.map(({ step, learningRate: y }) => ({ x: step, y })),
    (name) => name,
    'line',
  );
  return [
    joinLines('loss', 'Loss (binary cross-entropy)', 'step', loss),
    joinLines(
      'map',
      'Validation mAP',
      'epoch',
      withReference(validated, data.ensembleValidationMAP),
    ),
    joinLines(
      'divergence',
      'Validation: divergence from the ensemble, nats per class (lower is better)',
      'epoch',
      divergence,
    ),
    joinLines('rate', 'Learning rate', 'step', learningRate),
  ].filter((chart) => chart !== null);
}

function withReference(lines: Line[], mAP: number | null): Line[] {
  const xs = lines.flatMap(({ points }) => points.map(({ x }) => x));
  if (mAP === null || xs.length === 0) return lines;
  const points = [...new Set(xs)].sort((a, b) => a - b).map((x) => ({ x, y: mAP }));
  return [...lines, { label: 'ensemble', colour: '--ensemble', style: 'dashed', points }];
}

/** Puts lines on one x axis, as uPlot wants it. Null when there is nothing to draw. */
function joinLines(id: string, title: string, xLabel: string, lines: Line[]): Chart | null {
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  const xs = [...new Set(drawn.flatMap(({ points }) => points.map(({ x }) => x)))].sort(
    (a, b) => a - b,
  );
  const series = drawn.map(({ points, ...line }) => {
    const at = new Map(points.map(({ x, y }) => [x, Number(y.toPrecision(6))]));
    return { ...line, values: xs.map((x) => at.get(x) ?? null) };
  });
  return { id, title, xLabel, xs, series };
}
