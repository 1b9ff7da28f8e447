/**
 * Numbers for readers. Not by `Intl`, because locales differ between machines and reports must not.
 */
const NONE = '–';

/** `1,234,567` */
export function formatCount(value: number): string {
  const [sign, digits] = [value < 0 ? '-' : '', String(Math.abs(Math.round(value)))];
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= 3)
    groups.unshift(digits.slice(Math.max(0, end - 3), end));
  return `${sign}${groups.join(',')}`;
}

/** Parameters: `48 k`, `0.22 M`, `5.5 M`, `86 M`, `7,300 M`; `–` where they are not known. */
export function formatParameters(value: number | null): string {
  if (value === null) return NONE;
  if (value < 1e5) return value < 1000 ? String(value) : `${threeDigits(value / 1e3)} k`;
  const millions = value / 1e6;
  return millions < 20
    ? `${millions.toFixed(millions < 1 ? 2 : 1)} M`
    : `${formatCount(millions)} M`;
}

/** Decimal units: `39 B`, `12.3 MB`. */
export function formatBytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let unit = 0;
  let scaled = value;
  for (; scaled >= 999.5 && unit < units.length - 1; unit++) scaled /= 1000;
  return `${unit === 0 ? Math.round(scaled) : threeDigits(scaled)} ${units[unit] ?? ''}`;
}

/** `4.2 s`, `3 min 07 s`, `2 h 05 min` */
export function formatSeconds(value: number): string {
  if (value < 59.95) return `${value.toFixed(1)} s`;
  const pad = (rest: number): string => String(rest).padStart(2, '0');
  const seconds = Math.round(value);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(value / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${pad(minutes % 60)} min`;
}

/** Seconds as hours that can be added up and paid for: `0.05 h`, `312 h`; `–` for none at all. */
export function formatHours(seconds: number): string {
  const hours = seconds / 3600;
  if (seconds === 0) return NONE;
  if (hours >= 99.5) return `${formatCount(hours)} h`;
  return `${hours.toFixed(hours < 0.1 ? 4 : 2)} h`;
}

/** A fraction as `91.8 %`. */
export function formatPercent(fraction: number | null): string {
  return fraction === null ? NONE : `${(fraction * 100).toFixed(1)} %`;
}

/** An average precision or divergence as `0.271`. */
export function formatScore(value: number | null, digits = 3): string {
  return value === null ? NONE : value.toFixed(digits);
}

/** A probability from which a class is told: `0.31`, `0.0042`; `never` without one. */
export function formatThreshold(value: number | null): string {
  return value === null ? 'never' : String(Number(value.toPrecision(4)));
}

/** A difference with its sign: `+0.012`, `−0.030`. */
export function formatDifference(value: number | null): string {
  if (value === null) return NONE;
  const text = Math.abs(value).toFixed(3);
  return Number(text) === 0 ? '0.000' : `${value < 0 ? '−' : '+'}${text}`;
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}
