/**
 * One SVG for a question: a row for every arm, a dot for every seed, a bar for the mean; readable
 * on light and on dark pages. Pure.
 */

export interface PlotRow {
  readonly label: string;
  /** One for each seed. */
  readonly values: readonly number[];
}

const [WIDTH, LABEL_WIDTH, ROW_HEIGHT, TOP, BOTTOM, RIGHT] = [760, 300, 30, 12, 40, 24];

/** @param line a value to draw across all rows, such as the ensemble's */
export function dotPlot(
  rows: readonly PlotRow[],
  axis: string,
  line: { value: number; label: string } | null,
): string {
  const values = [...rows.flatMap((row) => row.values), ...(line === null ? [] : [line.value])];
  const [low, high] = padded(Math.min(...values), Math.max(...values));
  const x = (value: number): number =>
    round(LABEL_WIDTH + ((value - low) / (high - low)) * (WIDTH - LABEL_WIDTH - RIGHT));
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const parts = [
    ...ticks(low, high).map(
      (tick) =>
        `<path class="grid" d="M${x(tick)} ${TOP}V${bottom}"/>` +
        tickText(x(tick), bottom + 16, 'middle', tick.toFixed(2)),
    ),
    tickText((LABEL_WIDTH + WIDTH - RIGHT) / 2, bottom + 34, 'middle', axis),
    ...(line === null
      ? []
      : [
          `<path class="line" d="M${x(line.value)} ${TOP}V${bottom}"/>` +
            tickText(x(line.value) - 4, TOP + 8, 'end', line.label),
        ]),
    ...rows.flatMap(({ label, values: row }, index) => {
      const y = TOP + (index + 0.5) * ROW_HEIGHT;
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      return [
        `<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escape(label)}</text>`,
        ...row.map((value) => `<circle cx="${x(value)}" cy="${y}" r="4"/>`),
        ...(row.length === 0 ? [] : [`<path class="mean" d="M${x(mean)} ${y - 9}v18"/>`]),
      ];
    }),
  ];
  const height = bottom + BOTTOM;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">` +
    `<style>${STYLE}</style>${parts.join('')}</svg>\n`
  );
}

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#57606a}.tick{font-size:11px}',
  '.grid{stroke:#8883;fill:none}.line{stroke:#8250df;stroke-dasharray:4 3;fill:none}',
  '.mean{stroke:#0969da;stroke-width:2.5;fill:none}circle{fill:#0969da66}',
  '@media(prefers-color-scheme:dark){text{fill:#9da7b1}.mean{stroke:#58a6ff}',
  'circle{fill:#58a6ff66}}',
].join('');

function tickText(x: number, y: number, anchor: 'middle' | 'end', text: string): string {
  return `<text class="tick" x="${x}" y="${y}" text-anchor="${anchor}">${escape(text)}</text>`;
}

function padded(low: number, high: number): [number, number] {
  const margin = Math.max((high - low) * 0.06, 0.004);
  return [low - margin, high + margin];
}

/** Three to eight round numbers inside the range. */
function ticks(low: number, high: number): number[] {
  const step =
    [0.01, 0.02, 0.05, 0.1, 0.2].find((candidate) => (high - low) / candidate <= 8) ?? 0.5;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => (first + index) * step,
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
