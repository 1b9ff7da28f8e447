/** How far a command has read its recordings: a line on a terminal that is overwritten. */
import { CLEAR_LINE, control } from '../../../infra/command-line/terminal';
import { clock, grouped, rate } from '../../quantities';

const LIVE_MS = 200;

export interface Progress {
  /** Recordings that are done, of all. */
  readonly done: number;
  readonly files: number;
  /** Of all recordings; 0 of those of unknown length. */
  readonly bytes: number;
  readonly bytesRead: number;
  /** Of audio, so far. */
  readonly audioSeconds: number;
  readonly elapsedSeconds: number;
}

/** `3 of 12 files · 41 % · 62 × real time · 4:05 left` */
export function progressText(progress: Progress): string {
  const { done, files, bytes, bytesRead, audioSeconds, elapsedSeconds } = progress;
  const share = bytes > 0 ? Math.min(1, bytesRead / bytes) : 0;
  const left = (elapsedSeconds * (1 - share)) / share;
  return [
    ...(files > 1 ? [`${grouped(done)} of ${grouped(files)} files`] : []),
    ...(bytes > 0 ? [`${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`] : []),
    `${clock(audioSeconds)} of audio`,
    `${rate(audioSeconds / elapsedSeconds)} × real time`,
    ...(share > 0 && share < 1 ? [`${clock(left)} left`] : []),
  ].join(' · ');
}

export class ReadingProgress {
  private lastMs = -Infinity;
  private readonly startMs = performance.now();
  private isShown = false;

  show(progress: Omit<Progress, 'elapsedSeconds'>): void {
    const nowMs = performance.now();
    if (!process.stderr.isTTY || nowMs - this.lastMs < LIVE_MS) return;
    this.lastMs = nowMs;
    this.clear();
    this.isShown = true;
    const elapsedSeconds = (nowMs - this.startMs) / 1000;
    process.stderr.write(progressText({ ...progress, elapsedSeconds }));
  }

  /** Before other output. */
  clear(): void {
    if (this.isShown) control(process.stderr, CLEAR_LINE);
    this.isShown = false;
  }
}
