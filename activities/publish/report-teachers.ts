/** How much the teachers agree with each other, two by two. */
import { html } from './html';
import { formatPercent, formatScore } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { scrolling } from './report-parts';

export function teachersSection({ result }: ReportData): Section | null {
  const pairs = result.teacherAgreement ?? [];
  if (pairs.length === 0) return null;
  const rows = pairs.map(
    ({ between: [one, other], topMatch, meanDifference }) =>
      html`<tr>
        <th scope="row">${one} and ${other}</th>
        <td>${formatPercent(topMatch)}</td>
        <td>${formatScore(meanDifference, 4)}</td>
      </tr>`,
  );
  return {
    id: 'teachers',
    title: 'Agreement of teachers',
    note: 'Teachers that agree fully add nothing to each other; one that agrees with no other may have been given the wrong classes.',
    content: scrolling(
      html`<table>
        <thead>
          <tr>
            <th scope="col">Teachers</th>
            <th scope="col">Same top class</th>
            <th scope="col">Mean difference</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    ),
  };
}
