/**
 * Average precision of every class, teacher beside student. Sorted by any column and filtered by
 * name in the browser.
 */
import { html, type Html } from './html';
import { formatCount, formatDifference, formatScore } from './number-format';
import { bestStudent, type ReportData, type ReportModel } from './report-data';
import type { Section } from './report-section';
import { bar, dot, modelColour, scrollingTable } from './report-parts';

export function classesSection(data: ReportData): Section | null {
  if (data.classes.length === 0) return null;
  const ensemble = data.models.find(({ role }) => role === 'ensemble');
  const student = bestStudent(data);
  const compared = ensemble && student ? { ensemble, student } : null;
  const order = data.classes
    .map((_, index) => index)
    .filter((index) => (data.classes[index]?.positives ?? 0) > 0);
  order.sort((a, b) => (student?.perClass[b] ?? -1) - (student?.perClass[a] ?? -1) || a - b);
  // Students first, then what they follow: on a phone the teachers are a swipe away.
  const followers = [
    ...data.models.filter(({ role }) => role === 'student'),
    ...(ensemble ? [ensemble] : []),
  ];
  const teachers = data.models.filter(({ role }) => role === 'teacher');
  const scoreCells = (models: ReportModel[], index: number): Html[] =>
    models.map((model) =>
      numberCell(
        model.perClass[index] ?? null,
        (value) => bar(formatScore(value), value ?? 0, modelColour(data, model)),
        'bar',
      ),
    );
  const rows = order.map((index) => {
    const { name, positives } = data.classes[index] ?? { name: '', positives: 0 };
    const difference = compared
      ? differenceCell(
          compared.student.perClass[index] ?? null,
          compared.ensemble.perClass[index] ?? null,
        )
      : null;
    return html`<tr>
      <th scope="row">${name}</th>
      ${scoreCells(followers, index)}${difference}${scoreCells(teachers, index)}${numberCell(positives, () => html`${formatCount(positives)}`)}
    </tr> `;
  });
  const unheard = data.classes.length - order.length;
  const scoreHeads = (models: ReportModel[]): Html[] =>
    models.map((model) => head(model.name, dot(modelColour(data, model)), model === student));
  const differenceHead = compared ? head('vs ensemble', null) : null;
  const heads = [
    head('Class', null),
    ...scoreHeads(followers),
    differenceHead,
    ...scoreHeads(teachers),
    head('Clips', null),
  ];
  return {
    id: 'classes',
    title: 'Average precision by class',
    note: `Sort by a column’s head.${compared ? ` “vs ensemble” is ${compared.student.name} minus the ensemble.` : ''}${unheard === 0 ? '' : ` ${formatCount(unheard)} classes without a clip in eval are left out.`}`,
    content: html`<input
        type="search"
        class="filter"
        placeholder="Filter classes"
        aria-label="Filter classes"
        data-filters="class-table"
      />
      ${scrollingTable(heads, rows, { id: 'class-table', kind: 'classes' })}`,
  };
}

/** @param sorted the column by which the rows come already sorted, best first */
function head(label: string, mark: Html | null, sorted = false): Html {
  const order = sorted ? html`aria-sort="descending"` : null;
  return html`<th scope="col" class="${mark ? 'bar' : null}" ${order}>
    <button type="button">${mark}${label}</button>
  </th>`;
}

/** `data-value` is what sorting goes by; empty sorts last. */
function numberCell(
  value: number | null,
  content: (value: number | null) => Html,
  kind = '',
): Html {
  return html`<td class="${kind}" data-value="${value}">${content(value)}</td>`;
}

function differenceCell(student: number | null, ensemble: number | null): Html {
  const difference = student === null || ensemble === null ? null : student - ensemble;
  return numberCell(
    difference,
    () => html`${formatDifference(difference)}`,
    difference === null ? '' : difference < 0 ? 'loss' : 'gain',
  );
}
