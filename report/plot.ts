/** Small plots of shares against shares, as SVG: they need no script. */
import { html, type Html } from './html';

export interface PlotLine {
  label: string;
  /** CSS variable. */
  colour: string;
  /** Both from 0 to 1. */
  points: readonly { x: number; y: number }[];
  /** A point to stand out. */
  mark?: { x: number; y: number } | null;
  /** Whether each point is drawn. */
  isDotted?: boolean;
}

const SIZE = 100;
const at = ({ x, y }: { x: number; y: number }): string =>
  `${(x * SIZE).toFixed(1)},${((1 - y) * SIZE).toFixed(1)}`;

/** A square from 0 to 1 on both axes. @param options.diagonal draws y = x */
export function squarePlot(
  title: string,
  axes: { x: string; y: string },
  lines: readonly PlotLine[],
  { diagonal = false } = {},
): Html {
  return html`<figure class="plot">
    <figcaption>${title}</figcaption>
    <svg viewBox="-2 -2 104 104" role="img" aria-label="${title}">
      <rect width="100" height="100" class="frame" />
      ${[25, 50, 75].map((line) => html`<path class="grid" d="M0,${line}H100M${line},0V100" />`)}
      ${diagonal ? html`<path class="grid diagonal" d="M0,100L100,0" />` : null} ${lines.map(drawn)}
    </svg>
    <p class="axes">${axes.x} → · ${axes.y} ↑, 0 to 1</p>
  </figure>`;
}

/** A curve alone, for a table's cell. */
export function sparkPlot(label: string, { colour, points, mark }: PlotLine): Html {
  return html`<svg class="spark" viewBox="-2 -2 104 104" role="img" aria-label="${label}">
    <rect width="100" height="100" class="frame" />
    ${drawn({ label, colour, points, mark: mark ?? null })}
  </svg>`;
}

function drawn({ colour, points, mark, isDotted = false }: PlotLine): Html {
  const dots = [...(isDotted ? points : []), ...(mark ? [mark] : [])];
  return html`<g style="--colour:var(${colour})">
    <polyline points="${points.map(at).join(' ')}" />
    ${dots.map(
      ({ x, y }) =>
        html`<circle cx="${(x * SIZE).toFixed(1)}" cy="${((1 - y) * SIZE).toFixed(1)}" r="2" />`,
    )}
  </g>`;
}
