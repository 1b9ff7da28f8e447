/** Numbers formatted for people. */

/** `0:42`, `12:05`, `1:02:33`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** `14:05:09`, in this machine's zone. */
export function timeOfDay(unixMs: number): string {
  return new Date(unixMs).toTimeString().slice(0, 8);
}

/** Two digits in the unit that suits: `8.4 s`, `42 min`, `1.5 h`, `1,204 h`. */
export function duration(seconds: number): string {
  if (seconds < 0.95) return seconds === 0 ? '0 s' : 'under 1 s';
  if (seconds < 59.5) return `${twoDigits(seconds)} s`;
  return seconds < 3595 ? `${twoDigits(seconds / 60)} min` : `${twoDigits(seconds / 3600)} h`;
}

/** `8.4`, `1`, `42`, `1,204` */
function twoDigits(value: number): string {
  return value >= 9.95 ? grouped(value) : String(Number(value.toFixed(1)));
}

/** `8,123` */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Three significant digits below a hundred: `0.52`, `3.14`, `42.7`, `1,204`. */
export function rate(perSecond: number): string {
  if (perSecond >= 100) return grouped(perSecond);
  return perSecond.toFixed(perSecond >= 10 ? 1 : 2);
}

/** `12.3 MB`, in powers of ten. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let value = count;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `0.49 M`, `86.2 M`. */
export function millions(count: number): string {
  return `${(count / 1e6).toFixed(count >= 1e7 ? 1 : 2)} M`;
}
