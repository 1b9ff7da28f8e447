/**
 * Average precision of every class, students beside teachers. The browser sorts the table by any
 * column and filters it by name (page.js).
 */
import { html, type Html } from './html';
import { formatCount, formatDifference, formatScore } from './number-format';
import { bestStudent, type ReportData, type ReportModel } from './report-data';
import type { Section } from './report-section';
import { bar, dot, modelColour, scrollingTable } from './report-parts';

/** With more classes the table scrolls in itself: the sections below would be far away. */
const MOST_AT_ONCE = 100;

/** With more classes scores have no bars and no curves: a browser would draw for a minute. */
export const MOST_DRAWN = 1000;

/** Models in the order of the columns; the difference stands between the two groups. */
interface Columns {
  students: ReportModel[];
  teachers: ReportModel[];
  /** The student by which the rows come sorted, best class first. */
  sortedBy: ReportModel | null;
  difference: { student: ReportModel; ensemble: ReportModel } | null;
}

export function classesSection(data: ReportData): Section | null {
  if (data.classes.length === 0) return null;
  const columns = columnsOf(data);
  const order = classOrder(data, columns.sortedBy);
  const rows = order.map((index) => classRow(data, columns, index));
  const withoutClips = data.classes.length - order.length;
  const shown = `${formatCount(order.length)} of ${formatCount(order.length)} classes`;
  return {
    id: 'classes',
    title: 'Average precision by class',
    note: [
      'Click a column head to sort.',
      ...(columns.difference
        ? [`“vs ensemble” is ${columns.difference.student.name} minus the ensemble.`]
        : []),
      ...(withoutClips > 0
        ? [`${formatCount(withoutClips)} classes without a clip in eval are left out.`]
        : []),
    ].join(' '),
    content: html`<input
        type="search"
        class="filter"
        placeholder="Filter classes"
        aria-label="Filter classes"
        data-filters="class-table"
      />
      <p class="note" id="class-count" role="status">${shown}</p>
      ${scrollingTable(heads(data, columns), rows, {
        id: 'class-table',
        kind: order.length > MOST_AT_ONCE ? 'classes long' : 'classes',
      })}`,
  };
}

/** Students and their ensemble come first: on a phone the teachers are a swipe away. */
function columnsOf(data: ReportData): Columns {
  const ofRole = (role: ReportModel['role']): ReportModel[] =>
    data.models.filter((model) => model.role === role);
  const [ensemble] = ofRole('ensemble');
  const student = bestStudent(data);
  return {
    students: [...ofRole('student'), ...(ensemble ? [ensemble] : [])],
    teachers: ofRole('teacher'),
    sortedBy: student,
    difference: ensemble && student ? { student, ensemble } : null,
  };
}

/** Indices of the classes that have a clip in eval. */
function classOrder({ classes }: ReportData, sortedBy: ReportModel | null): number[] {
  const precision = (index: number): number => sortedBy?.perClass[index] ?? -1;
  return classes
    .map((_, index) => index)
    .filter((index) => (classes[index]?.positives ?? 0) > 0)
    .sort((a, b) => precision(b) - precision(a) || a - b);
}

function heads(data: ReportData, { students, teachers, sortedBy, difference }: Columns): Html[] {
  const ofModel = (model: ReportModel): Html =>
    head(model.name, dot(modelColour(data, model)), model === sortedBy);
  return [
    head('Class', null),
    ...students.map(ofModel),
    ...(difference ? [head('vs ensemble', null)] : []),
    ...teachers.map(ofModel),
    head('Clips', null),
  ];
}

/** @param sorted whether the rows come sorted by this column, best first */
function head(label: string, mark: Html | null, sorted = false): Html {
  const order = sorted ? html`aria-sort="descending"` : null;
  return html`<th scope="col" class="${mark ? 'bar' : null}" ${order}>
    <button type="button">${mark}${label}</button>
  </th>`;
}

function classRow(data: ReportData, columns: Columns, index: number): Html {
  const { name, positives } = data.classes[index] ?? { name: '', positives: 0 };
  const precisionCell = (model: ReportModel): Html => {
    const precision = model.perClass[index] ?? null;
    const score = formatScore(precision);
    if (data.classes.length > MOST_DRAWN) return numberCell(precision, html`${score}`, 'bar');
    const meter = bar(score, precision ?? 0, modelColour(data, model));
    return numberCell(precision, meter, 'bar');
  };
  const { students, teachers, difference } = columns;
  return html`<tr>
    <th scope="row">${name}</th>
    ${students.map(precisionCell)}${difference && differenceCell(difference, index)}
    ${teachers.map(precisionCell)}${numberCell(positives, html`${formatCount(positives)}`)}
  </tr> `;
}

function differenceCell({ student, ensemble }: NonNullable<Columns['difference']>, index: number) {
  const [own, other] = [student.perClass[index] ?? null, ensemble.perClass[index] ?? null];
  const difference = own === null || other === null ? null : own - other;
  return numberCell(
    difference,
    html`${formatDifference(difference)}`,
    difference === null ? '' : difference < 0 ? 'loss' : 'gain',
  );
}

/** `data-value` is the sort key; an empty one sorts last. */
function numberCell(value: number | null, content: Html, kind = ''): Html {
  return html`<td class="${kind}" data-value="${value}">${content}</td>`;
}
