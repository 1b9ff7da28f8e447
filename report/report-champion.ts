/** The challenger, the champion it was compared with, and the outcome. */
import { html, type Html } from './html';
import { formatScore } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';

export function championSection({ result }: ReportData): Section | null {
  const { promotion } = result;
  if (!promotion) return null;
  const { outcome, student, sha256, mAP, against, minGain, entry } = promotion;
  const rows: [string, string | Html][] = [
    ['Challenger', html`${student}, eval mAP ${formatScore(mAP)} <code>models/${sha256}</code>`],
    [
      'Compared with',
      against
        ? html`champion ${against.entry}, eval mAP ${formatScore(against.mAP)}
            <code>models/${against.sha256}</code>`
        : 'no champion yet',
    ],
    ['Minimum gain', String(minGain)],
    ['Outcome', outcome],
    ['Champion after this run', entry === null ? 'none' : `entry ${entry}`],
  ];
  return {
    id: 'champion',
    title: 'Champion',
    note: `${promotion.says}.`,
    content: html`<dl class="facts">
      ${rows.map(
        ([label, value]) =>
          html`<dt>${label}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>`,
  };
}
