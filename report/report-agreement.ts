/** How closely each student follows its ensemble, and how much the teachers agree. */
import { html, type Html } from './html';
import { formatPercent, formatScore } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { bar, dot, modelColour, table } from './report-parts';

export function agreementSection(data: ReportData): Section | null {
  const students = data.models.filter(({ agreement }) => agreement !== null);
  const pairs = data.result.teacherAgreement ?? [];
  if (students.length === 0 && pairs.length === 0) return null;
  return {
    id: 'agreement',
    title: 'Agreement',
    note:
      'Divergence is the Bernoulli Kullback–Leibler divergence from the ensemble, ' +
      'in nats per class: 0 is perfect.',
    content: html`${students.length === 0 ? null : studentTable(data)}
    ${pairs.length === 0 ? null : teacherTable(pairs)}`,
  };
}

function studentTable(data: ReportData): Html {
  const rows = data.models.flatMap((model) => {
    if (!model.agreement) return [];
    const { topMatch, divergence } = model.agreement;
    const { median = null, ninth = null, largest = null } = model.spread ?? {};
    return [
      html`<tr>
        <th scope="row">${dot(modelColour(data, model))}${model.name}</th>
        <td class="bar">${bar(formatPercent(topMatch), topMatch, modelColour(data, model))}</td>
        <td>${formatScore(divergence, 4)}</td>
        <td>${formatScore(median, 4)}</td>
        <td>${formatScore(ninth, 4)}</td>
        <td>${formatScore(largest, 4)}</td>
      </tr>`,
    ];
  });
  return html`<h3>Students with their ensemble</h3>
    ${table(
      [
        'Student',
        { left: 'Same top class' },
        'Mean divergence',
        'Median clip',
        '90th percentile',
        'Worst clip',
      ],
      rows,
    )}`;
}

function teacherTable(pairs: NonNullable<ReportData['result']['teacherAgreement']>): Html {
  const rows = pairs.map(
    ({ between: [one, other], topMatch, meanDifference }) =>
      html`<tr>
        <th scope="row">${one} and ${other}</th>
        <td class="bar">${bar(formatPercent(topMatch), topMatch, '--teacher')}</td>
        <td>${formatScore(meanDifference, 4)}</td>
      </tr>`,
  );
  return html`<h3>Teachers with each other</h3>
    <p class="note">
      Teachers that agree completely add nothing to each other. A teacher that agrees with no other
      may have the wrong vocabulary.
    </p>
    ${table(['Teachers', { left: 'Same top class' }, 'Mean difference'], rows)}`;
}
