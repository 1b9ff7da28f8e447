/** Who was put up against the champion, on the same clips, and what became of it. */
import { html, type Html } from './html';
import { formatScore } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';

export function championSection({ result }: ReportData): Section | null {
  const { promotion } = result;
  if (!promotion) return null;
  const { outcome, student, sha256, mAP, against, minGain, entry } = promotion;
  const rows: [string, string | Html][] = [
    ['Put up', html`${student}, eval mAP ${formatScore(mAP)} <code>models/${sha256}</code>`],
    [
      'Against',
      against
        ? html`champion ${against.entry}, eval mAP ${formatScore(against.mAP)}
            <code>models/${against.sha256}</code>`
        : 'nobody',
    ],
    ['Least gain', String(minGain)],
    ['Outcome', outcome],
    ['Champion after this run', entry === null ? 'none' : `entry ${entry}`],
  ];
  return {
    id: 'champion',
    title: 'Champion',
    note: `${promotion.says}.`,
    content: html`<dl class="facts">
      ${rows.map(
        ([what, value]) =>
          html`<dt>${what}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>`,
  };
}
