/** What the run says of itself that its user can act on, first on the page. */
import { html } from './html';
import type { ReportData } from './report-data';
import type { Section } from './report-section';

export function hintsSection({ result: { hints = [] } }: ReportData): Section | null {
  if (hints.length === 0) return null;
  return {
    id: 'hints',
    title: 'What to look at',
    note: 'Numbers after ± are half a 95 % interval.',
    content: html`<ul>
      ${hints.map(({ text }) => html`<li>${text}</li>`)}
    </ul>`,
  };
}
