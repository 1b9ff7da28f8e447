/**
 * Points of one value against another of several orders of magnitude, as SVG: it needs no script.
 * Each point has the number of its row in a table.
 */
import { html, type Html } from './html';

export interface ScatterPoint {
  /** Row of the table. */
  number: number;
  label: string;
  /** CSS variable. */
  colour: string;
  shape: 'circle' | 'square' | 'diamond';
  /** Drawn as an outline. */
  isHollow?: boolean;
  /** Above 0. */
  x: number;
  y: number;
}

export interface ScatterAxes {
  x: string;
  y: string;
  /** Labels of the x axis. */
  formatX: (value: number) => string;
}

const WIDTH = 400;
const HEIGHT = 250;
const LEFT = 34;
const RIGHT = WIDTH - 18;
const TOP = 10;
const BOTTOM = HEIGHT - 24;

/** @param ceiling a value of y to compare with, as a dashed line */
export function scatterPlot(
  title: string,
  axes: ScatterAxes,
  points: readonly ScatterPoint[],
  ceiling: number | null = null,
): Html {
  const [least, most] = spread(points.map(({ x }) => x));
  const xTicks = logTicks(least, most);
  const yTicks = evenTicks([...points.map(({ y }) => y), ...(ceiling === null ? [] : [ceiling])]);
  const [bottom, top] = [yTicks[0]!, yTicks.at(-1)!];
  const atX = (x: number): string =>
    (LEFT + ((RIGHT - LEFT) * Math.log(x / least)) / Math.log(most / least)).toFixed(1);
  const atY = (y: number): string =>
    (BOTTOM - ((BOTTOM - TOP) * (y - bottom)) / (top - bottom)).toFixed(1);
  return html`<figure class="plot scatter">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
      ${yTicks.map(
        (y) =>
          html`<path class="grid" d="M${LEFT},${atY(y)}H${RIGHT}" />
            <text x="${LEFT - 4}" y="${atY(y)}" class="y">${y.toFixed(2)}</text>`,
      )}
      ${xTicks.map(
        (x) =>
          html`<path class="grid" d="M${atX(x)},${TOP}V${BOTTOM}" />
            <text x="${atX(x)}" y="${HEIGHT - 8}" class="x">${axes.formatX(x)}</text>`,
      )}
      ${
        ceiling === null
          ? null
          : html`<path class="grid diagonal" d="M${LEFT},${atY(ceiling)}H${RIGHT}" />`
      }
      ${points.map((point) => draw(point, Number(atX(point.x)), Number(atY(point.y))))}
    </svg>
    <p class="axes">${axes.x} →, logarithmic · ${axes.y} ↑</p>
  </figure>`;
}

const OUTLINES = {
  circle: 'M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z',
  square: 'M-3.6,-3.6H3.6V3.6H-3.6Z',
  diamond: 'M0,-5L5,0L0,5L-5,0Z',
} as const satisfies Record<ScatterPoint['shape'], string>;

function draw(
  { number, label, colour, shape, isHollow = false }: ScatterPoint,
  x: number,
  y: number,
): Html {
  return html`<g transform="translate(${x},${y})" style="--colour:var(${colour})">
    <title>${number} ${label}</title>
    <path class="${isHollow ? 'hollow' : 'filled'}" d="${OUTLINES[shape]}" />
    <text x="6" y="-5">${number}</text>
  </g>`;
}

/** Both ends of the axis, a little beyond the values. */
function spread(values: readonly number[]): [number, number] {
  return [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
}

const FEWEST_TICKS = 2;
const MOST_TICKS = 7;
/** Of which any axis has two: it is at least 1.3² long (`spread`). */
const DENSE_DIGITS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8];

/** 1, 2 and 5 of every power of ten between both ends; more or fewer where these do not fit. */
function logTicks(least: number, most: number): number[] {
  const ticksOf = (digits: readonly number[]): number[] => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power++)
      for (const digit of digits) {
        const tick = digit * 10 ** power;
        if (tick >= least && tick <= most) ticks.push(tick);
      }
    return ticks;
  };
  const usual = ticksOf([1, 2, 5]);
  if (usual.length < FEWEST_TICKS) return ticksOf(DENSE_DIGITS);
  return usual.length > MOST_TICKS ? ticksOf([1]) : usual;
}

/** Multiples of one step that the values lie between; two at least. */
function evenTicks(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((each) => (most - least) / each <= 6) ?? 0.2;
  const first = Math.floor(least / step);
  const last = Math.max(first + 1, Math.ceil(most / step));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}
