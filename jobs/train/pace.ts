/** The present speed of training: time of the last steps, and the share spent on their batches. */
import type { Pace } from '../../workflows/contract/live-progress';

const STEPS_REMEMBERED = 20;

export class StepPace {
  private steps: { dataMs: number; totalMs: number; rows: number }[] = [];

  add(step: { dataMs: number; totalMs: number; rows: number }): Pace {
    this.steps.push(step);
    if (this.steps.length > STEPS_REMEMBERED) this.steps.shift();
    const sum = (field: 'dataMs' | 'totalMs' | 'rows'): number =>
      this.steps.reduce((total, each) => total + each[field], 0);
    const totalMs = sum('totalMs');
    return {
      clipsPerSecond: totalMs === 0 ? 0 : (sum('rows') / totalMs) * 1000,
      stepMs: totalMs / this.steps.length,
      dataWaitShare: totalMs === 0 ? 0 : sum('dataMs') / totalMs,
    };
  }
}
