/** Which students went on from each rung of `halving`, and their validations there. */
import { html } from './html';
import { formatScore } from './number-format';
import type { ReportData } from './report-data';
import { table } from './report-parts';
import type { Section } from './report-section';

export function halvingSection({ result: { halving = [] } }: ReportData): Section | null {
  if (halving.length === 0) return null;
  return {
    id: 'halving',
    title: 'Halving',
    note:
      'After each rung the best students by validation went on, and the training of the others ' +
      'ended: their scores are those of a shorter training, in the middle of its schedule.',
    content: html`${halving.map(
      ({ epoch, students }) =>
        html`<h3>After epoch ${epoch}</h3>
          ${table(
            ['Student', 'Validation', { left: 'Then' }],
            students.map(
              ({ name, mAP, divergence, goesOn }) =>
                html`<tr>
                  <th scope="row">${name}</th>
                  <td>
                    ${
                      divergence === undefined
                        ? formatScore(mAP)
                        : `divergence ${formatScore(divergence, 4)}`
                    }
                  </td>
                  <td class="bar">${goesOn ? 'went on' : 'ended'}</td>
                </tr>`,
            ),
          )}`,
    )}`,
  };
}
