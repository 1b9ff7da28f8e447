/**
 * What runs in the reader's browser: charts that follow width and colour scheme, a table that sorts
 * and filters. Plain JavaScript, no request.
 */
export const reportScript = `(() => {
'use strict';
const charts = JSON.parse(document.getElementById('chart-data').textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = (value) => value == null ? '–' : value === 0 ? '0' : Math.abs(value) < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(4)));
const HEIGHT = 260;

// A series that has no point where the cursor is shows its nearest one.
const nearest = (plot, series, hovered) => {
  if (series === 0) return hovered;
  const values = plot.data[series];
  for (let away = 0; away < values.length; away++) {
    if (values[hovered - away] != null) return hovered - away;
    if (values[hovered + away] != null) return hovered + away;
  }
  return hovered;
};

const options = (chart, width) => ({
  width, height: HEIGHT,
  scales: { x: { time: false } },
  cursor: { dataIdx: nearest, focus: { prox: 24 } },
  focus: { alpha: 0.5 },
  axes: [
    { stroke: colour('--muted'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { stroke: colour('--rule'), width: 1 }, label: chart.xLabel, labelSize: 22, size: 34,
      values: (plot, splits) => splits.map((split) => Number.isInteger(split) ? String(split) : '') },
    { stroke: colour('--muted'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false }, size: 58, values: (plot, splits) => splits.map(short) },
  ],
  series: [{ label: chart.xLabel, value: (plot, x) => x == null ? '–' : String(x) }].concat(chart.series.map((series) => {
    const points = series.values.reduce((count, value) => count + (value == null ? 0 : 1), 0);
    return {
      label: series.label,
      stroke: colour(series.colour) + (series.style === 'faint' ? '66' : ''),
      width: series.style === 'faint' ? 1 : 2,
      dash: series.style === 'dashed' ? [6, 5] : undefined,
      points: { show: series.style !== 'dashed' && points <= (series.style === 'faint' ? 1 : 40), size: 5, fill: colour(series.colour) },
      spanGaps: true,
      value: (plot, value) => short(value),
    };
  })),
});

let plots = [];
const draw = () => {
  for (const { plot } of plots) plot.destroy();
  plots = charts.map((chart) => {
    const place = document.getElementById('chart-' + chart.id);
    const data = [chart.xs].concat(chart.series.map((series) => series.values));
    return { place, plot: new uPlot(options(chart, place.clientWidth), data, place) };
  });
};
if (charts.length > 0) {
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('resize', () => { for (const { place, plot } of plots) if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT }); });
}

const table = document.getElementById('class-table');
if (table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const key = (row, column) => column === 0 ? row.cells[0].textContent : row.cells[column].dataset.value === '' ? null : Number(row.cells[column].dataset.value);
  const compare = (a, b) => typeof a === 'string' ? a.localeCompare(b) : a - b;
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const descending = { descending: false, ascending: true }[head.getAttribute('aria-sort')] ?? column !== 0;
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    const rows = [...body.rows].map((row) => ({ row, value: key(row, column) }));
    rows.sort((a, b) => a.value === null || b.value === null ? (a.value === null) - (b.value === null) : (descending ? -1 : 1) * compare(a.value, b.value));
    body.append(...rows.map(({ row }) => row));
  }));
  document.querySelector('[data-filters=class-table]').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of body.rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}
})();
`;
