/** Where the ensemble's weights come from, if they were fitted to validation. */
import { html } from './html';
import { formatCount, formatPercent, formatScore } from './number-format';
import type { ReportData } from './report-data';
import { dot, table } from './report-parts';
import type { Section } from './report-section';

export function ensembleSection({ result }: ReportData): Section | null {
  const { fit } = result.ensemble;
  if (!fit) return null;
  const { search, clips, folds, fitted, gain, mAP } = fit;
  const rows = fit.teachers.map(
    ({ name, before, weight }) =>
      html`<tr>
        <th scope="row">${dot('--teacher')}${name}</th>
        <td>${formatPercent(before)}</td>
        <td>${weight === 0 ? 'left out' : formatPercent(weight)}</td>
      </tr>`,
  );
  const outcome = fitted
    ? 'They are chosen: the interval is above 0.'
    : 'The run file’s weights are kept: the interval is not above 0.';
  return {
    id: 'ensemble',
    title: 'Ensemble weights',
    note:
      `Fitted to the mAP of ${formatCount(clips)} labelled validation clips (${search}). On ` +
      `clips that they were not fitted on (${folds} folds) such weights change the mAP by ` +
      `${formatScore(gain.mean, 4)}, with a 95 % interval of ${formatScore(gain.low, 4)} to ` +
      `${formatScore(gain.high, 4)}. ${outcome} Validation mAP with the run file’s weights ` +
      `${formatScore(mAP.before)}, with those of this run ${formatScore(mAP.after)}.`,
    content: table(['Teacher', 'Weight in the run file', 'Weight in this run'], rows),
  };
}
