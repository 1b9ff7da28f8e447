/**
 * How small may it be? The models of the store that were scored on this eval split, by their size
 * and their speed: two charts, and a table with the same numbers.
 */
import { realTimeFactor } from '../ced/metrics/latency';
import { html, type Html } from './html';
import { formatBytes, formatCount, formatParameters, formatScore } from './number-format';
import type { ReportData } from './report-data';
import { dot, seriesColour, table } from './report-parts';
import type { Section } from './report-section';
import { scatterPlot, type ScatterPoint } from './scatter-plot';
import type { ScoredKind, ScoredModel } from './scored-model';

interface Row {
  number: number;
  model: ScoredModel;
  colour: string;
}

const KINDS = {
  student: 'student',
  labels: 'trained from labels',
  teacher: 'teacher',
  other: 'of no run that is known',
} as const satisfies Record<ScoredKind, string>;

const SHAPES = {
  student: 'circle',
  labels: 'diamond',
  teacher: 'square',
  other: 'circle',
} as const satisfies Record<ScoredKind, ScatterPoint['shape']>;

export function sizeSection(data: ReportData): Section | null {
  if (data.scored.length === 0) return null;
  const students = data.scored.filter(({ isOwn, kind }) => isOwn && kind !== 'teacher');
  const rows = data.scored.map((model, index): Row => ({
    number: index + 1,
    model,
    colour: students.includes(model)
      ? seriesColour(students.indexOf(model))
      : model.kind === 'teacher'
        ? '--teacher'
        : '--muted',
  }));
  const ceiling = data.result.ensemble.mAP;
  const charts = [sizeChart(rows, ceiling), timeChart(rows, ceiling)];
  return {
    id: 'size',
    title: 'Size against quality',
    note: noteOn(data.scored, ceiling),
    content: html`${
      charts.some((chart) => chart !== null)
        ? html`<div class="charts plots">${charts}</div>`
        : null
    }
    ${sizeTable(rows)}`,
  };
}

function noteOn(models: readonly ScoredModel[], ceiling: number | null): string {
  const others = models.filter(({ isOwn }) => !isOwn).length;
  const told =
    others === 0
      ? ''
      : `Outlines are models of other runs of this store (${formatCount(others)}), scored on the ` +
        'same eval clips before this report was written. ';
  const line = ceiling === null ? '' : ', the dashed line is the ensemble';
  return (
    `${told}Circles are students, squares teachers, diamonds models trained from labels${line}. ` +
    'Bytes are those of the weights, in int8 as ced export writes them; operations are counted ' +
    'from the shape, two for a multiplication with its addition.'
  );
}

function sizeChart(rows: readonly Row[], ceiling: number | null): Html | null {
  return chart('mAP against size', 'bytes of the weights in float32', formatBytes, {
    ...{ rows, ceiling, x: ({ weights }) => weights.float32 },
  });
}

/** Times compare on one processor alone: that of most models. */
function timeChart(rows: readonly Row[], ceiling: number | null): Html | null {
  const counts = new Map<string, number>();
  for (const { model } of rows)
    if (model.latency && model.mAP !== null)
      counts.set(model.latency.processor, (counts.get(model.latency.processor) ?? 0) + 1);
  const [processor] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (processor === undefined) return null;
  const axis = `milliseconds for a second of audio, one core of ${processor}`;
  return chart('mAP against time', axis, (ms) => `${Number(ms.toPrecision(2))} ms`, {
    ...{ rows, ceiling },
    x: ({ latency }) => (latency?.processor === processor ? 1000 * realTimeFactor(latency) : null),
  });
}

function chart(
  title: string,
  axis: string,
  formatX: (value: number) => string,
  of: {
    rows: readonly Row[];
    ceiling: number | null;
    x: (model: ScoredModel) => number | null;
  },
): Html | null {
  const points = of.rows.flatMap(({ number, model, colour }): ScatterPoint[] => {
    const x = of.x(model);
    if (x === null || x <= 0 || model.mAP === null) return [];
    const { name: label, kind, isOwn } = model;
    const drawn = { number, label, colour, shape: SHAPES[kind], isHollow: !isOwn };
    return [{ ...drawn, x, y: model.mAP }];
  });
  if (points.length === 0) return null;
  return scatterPlot(title, { x: axis, y: 'eval mAP', formatX }, points, of.ceiling);
}

function sizeTable(rows: readonly Row[]): Html {
  return table(
    [
      { left: 'Model' },
      'Eval mAP',
      'Parameters',
      'Float32',
      'Int8',
      'Operations a second of audio',
      '× real time, one core',
    ],
    rows.map(
      ({ number, model, colour }) =>
        html`<tr>
          <th scope="row">
            ${dot(colour)}${number} ${model.name}<small>${describe(model)}</small>
          </th>
          <td>${formatScore(model.mAP)}</td>
          <td>${orNone(model.parameters, formatParameters)}</td>
          <td>${orNone(model.weights.float32, formatBytes)}</td>
          <td>${orNone(model.weights.int8, formatBytes)}</td>
          <td>${orNone(model.operations, formatOperations)}</td>
          <td>${speedCell(model)}</td>
        </tr>`,
    ),
  );
}

function describe({ kind, missing }: ScoredModel): string {
  const lacks =
    missing === undefined
      ? ''
      : `, without ${formatCount(missing)} classes: its mAP is over the others`;
  return `${KINDS[kind]}${lacks}`;
}

function orNone(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}

/** `12.3 M`, `1.23 G` */
function formatOperations(operations: number): string {
  const isLarge = operations >= 1e9;
  const scaled = Number((operations / (isLarge ? 1e9 : 1e6)).toPrecision(3));
  return `${scaled} ${isLarge ? 'G' : 'M'}`;
}

function speedCell({ latency }: ScoredModel): Html | string {
  if (!latency) return '–';
  const times = Number((1 / realTimeFactor(latency)).toPrecision(3));
  return html`${times < 100 ? times : formatCount(times)} ×<small>${latency.processor}</small>`;
}
