/** Finds the class numbers of a row's labels in the run's vocabulary. */
import type { Vocabulary } from '../teachers/vocabulary';
import { labelParts, type Label } from './label-list';

export class LabelNumbers {
  private readonly numberOf = new Map<string, number>();

  constructor(private readonly vocabulary: Vocabulary) {
    vocabulary.forEach(({ mid, name }, index) => {
      this.numberOf.set(name, index);
      if (mid !== '') this.numberOf.set(mid, index);
    });
  }

  /**
   * @returns class numbers, ascending and without repeats, and the labels that the vocabulary
   * lacks.
   *   A text is looked up as name or MID, then as a number, then as several of these in one text.
   *   One number 0 or 1 for each class (multi-hot) is no list of class numbers.
   */
  find(labels: readonly Label[]): { numbers: number[]; unknown: Label[] } {
    if (this.isMultiHot(labels))
      return { numbers: [], unknown: [`${labels.slice(0, 4).join(', ')}, … (multi-hot)`] };
    const numbers = new Set<number>();
    const unknown: Label[] = [];
    for (const label of labels) {
      const found = typeof label === 'number' ? this.byNumber(label) : this.byText(label);
      if (found === null) unknown.push(label);
      else for (const number of found) numbers.add(number);
    }
    return { numbers: [...numbers].sort((a, b) => a - b), unknown };
  }

  private byNumber(number: number): number[] | null {
    return number >= 0 && number < this.vocabulary.length ? [number] : null;
  }

  private byText(text: string): number[] | null {
    const known = this.numberOf.get(text);
    if (known !== undefined) return [known];
    if (/^\d{1,9}$/.test(text)) return this.byNumber(Number(text));
    const parts = labelParts(text);
    if (parts.length === 0 || (parts.length === 1 && parts[0] === text)) return null;
    const found = parts.map((part) => this.byText(part));
    return found.every((part) => part !== null) ? found.flat() : null;
  }

  private isMultiHot(labels: readonly Label[]): boolean {
    return (
      labels.length > 2 &&
      labels.length === this.vocabulary.length &&
      labels.every((label) => label === 0 || label === 1)
    );
  }
}
