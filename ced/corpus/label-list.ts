/** The labels of one row, as tables and side-cars of published datasets write them. */

/** A class's number, or its name or MID as text. */
export type Label = string | number;

/**
 * Labels of a JSON row or side-car: absent, null or an empty text = unlabelled, a single name or
 * number = one label, a list = its items.
 * @returns undefined when the value can be none of these
 */
export function labelsFromJson(value: unknown): Label[] | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const labels = items.filter((item) => item !== '');
  return labels.every(isLabel) ? labels : undefined;
}

/**
 * Labels of a cell of a delimited table: joined by `;`, or by `,` where every item is a MID as in
 * AudioSet's files. Empty items are no labels (`1;` is class 1 alone). An empty cell = unlabelled.
 * A name that holds a comma stays whole; `LabelNumbers` splits one that the vocabulary lacks.
 * `007` stays text, so that it is no other class than the one of that name.
 */
export function labelsFromCell(cell: string): Label[] | null {
  if (cell.trim() === '') return null;
  const commas = cell.split(',').map((item) => item.trim());
  const items =
    commas.length > 1 && commas.every((item) => item === '' || item.startsWith('/'))
      ? commas
      : cell.split(';').map((item) => item.trim());
  return items
    .filter((item) => item !== '')
    .map((item) => (/^(0|[1-9]\d{0,8})$/.test(item) ? Number(item) : item));
}

/**
 * The parts of a text that holds several labels: joined by commas, semicolons or bars, or a list as
 * Python prints it (`['Dog', 'Music']`). A single part where it can hold only one.
 */
export function labelParts(text: string): string[] {
  const list = /^\[(.*)\]$/s.exec(text.trim())?.[1];
  return (list ?? text)
    .split(/[,;|]/)
    .map((part) => part.trim())
    .map((part) => (list === undefined ? part : part.replace(/^(['"])(.*)\1$/s, '$2')))
    .filter((part) => part !== '');
}

/** Whether both name the same classes, in whatever order. */
export function isSameLabels(labels: readonly Label[], others: readonly Label[]): boolean {
  const [own, other] = [new Set(labels), new Set(others)];
  return own.size === other.size && [...own].every((label) => other.has(label));
}

function isLabel(item: unknown): item is Label {
  return typeof item === 'string' || (Number.isSafeInteger(item) && (item as number) >= 0);
}
