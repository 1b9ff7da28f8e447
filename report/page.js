/*
 * What runs in the reader's browser: charts that follow the page's width and colour scheme, and a
 * table that sorts and filters. It is inlined in every report, after uPlot where there are charts,
 * so it imports nothing and requests nothing.
 */
(() => {
  'use strict';

  const CHART_HEIGHT = 260;
  const classTable = document.getElementById('class-table');
  if (classTable) {
    sortByHeads(classTable);
    filterByName(classTable, document.querySelector('[data-filters=class-table]'));
  }
  const charts = JSON.parse(document.getElementById('chart-data').textContent);
  if (charts.length > 0) showCharts(charts);

  function showCharts(charts) {
    let drawn = [];
    const draw = () => {
      for (const { plot } of drawn) plot.destroy();
      drawn = charts.map((chart) => {
        const place = document.getElementById(`chart-${chart.id}`);
        const data = [chart.xs, ...chart.series.map(({ values }) => values)];
        return { place, plot: new uPlot(chartOptions(chart, place.clientWidth), data, place) };
      });
    };
    const fit = () => {
      for (const { place, plot } of drawn)
        if (place.clientWidth !== plot.width)
          plot.setSize({ width: place.clientWidth, height: CHART_HEIGHT });
    };
    draw();
    // Colours are read when a chart is drawn.
    for (const medium of ['(prefers-color-scheme: dark)', 'print'])
      matchMedia(medium).addEventListener('change', draw);
    addEventListener('resize', fit);
  }

  function chartOptions({ xLabel, series }, width) {
    const lines = { stroke: cssColour('--rule'), width: 1 };
    const xAxis = {
      stroke: cssColour('--muted'),
      grid: lines,
      ticks: lines,
      label: xLabel,
      labelSize: 22,
      size: 34,
      values: (plot, splits) => splits.map((x) => (Number.isInteger(x) ? String(x) : '')),
    };
    const yAxis = {
      stroke: cssColour('--muted'),
      grid: lines,
      ticks: { show: false },
      size: 58,
      values: (plot, splits) => splits.map(shortNumber),
    };
    return {
      width,
      height: CHART_HEIGHT,
      scales: { x: { time: false } },
      cursor: { dataIdx: nearestPoint, focus: { prox: 24 } },
      focus: { alpha: 0.5 },
      axes: [xAxis, yAxis],
      series: [
        { label: xLabel, value: (plot, x) => (x == null ? '–' : String(x)) },
        ...series.map(seriesOptions),
      ],
    };
  }

  function seriesOptions({ label, colour, style, values }) {
    const points = values.filter((value) => value != null).length;
    const mostMarked = { line: 40, faint: 1, dashed: 0 }[style];
    return {
      label,
      stroke: cssColour(colour) + (style === 'faint' ? '66' : ''),
      width: style === 'faint' ? 1 : 2,
      dash: style === 'dashed' ? [6, 5] : undefined,
      points: { show: points <= mostMarked, size: 5, fill: cssColour(colour) },
      spanGaps: true,
      value: (plot, value) => shortNumber(value),
    };
  }

  /** A series without a point under the cursor shows its nearest one. */
  function nearestPoint(plot, series, hovered) {
    if (series === 0) return hovered;
    const values = plot.data[series];
    for (let away = 0; away < values.length; away++) {
      if (values[hovered - away] != null) return hovered - away;
      if (values[hovered + away] != null) return hovered + away;
    }
    return hovered;
  }

  function cssColour(variable) {
    return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  }

  function shortNumber(value) {
    if (value == null) return '–';
    if (value === 0) return '0';
    return Math.abs(value) < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(4)));
  }

  function sortByHeads(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) =>
      head.querySelector('button').addEventListener('click', () => {
        const order = head.getAttribute('aria-sort');
        // Numbers begin with the largest, names with the first.
        const descending = order === null ? column !== 0 : order === 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
        sortRows(table.tBodies[0], column, descending);
      }),
    );
  }

  function sortRows(body, column, descending) {
    const rows = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[column], column) }));
    const direction = descending ? -1 : 1;
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      return direction * (column === 0 ? a.key.localeCompare(b.key) : a.key - b.key);
    });
    body.append(...rows.map(({ row }) => row));
  }

  /** A name, a number, or null where there is no number: that sorts last. */
  function sortKey(cell, column) {
    if (column === 0) return cell.textContent;
    return cell.dataset.value === '' ? null : Number(cell.dataset.value);
  }

  function filterByName(table, field) {
    const { rows } = table.tBodies[0];
    const count = document.getElementById('class-count');
    field.addEventListener('input', () => {
      const wanted = field.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      const shown = [...rows].filter(({ hidden }) => !hidden).length;
      count.textContent = `${shown} of ${rows.length} classes`;
    });
  }
})();
