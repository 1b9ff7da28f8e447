/** What a run's `scores.json` holds of its report. */
import type { RunScores } from '../workflows/contract/run-scores';
import type { ReportData } from './report-data';

export function runScores({ evalClips, classes, models }: ReportData): RunScores {
  return {
    formatVersion: 1,
    clips: evalClips ?? 0,
    classes,
    models: models.map(({ role, name, parameters, mAP, perClass }) => ({
      ...{ role, name, parameters, mAP, perClass: [...perClass] },
    })),
  };
}
