/** The clips that the best student is most wrong about, with a player for each. */
import { html, type Html } from './html';
import { formatScore, formatSeconds } from './number-format';
import { bestStudent, type ReportData } from './report-data';
import type { Section } from './report-section';
import { table } from './report-parts';
import type { NamedProbability, WorstClip } from './worst-clip';

export function wrongClipsSection(data: ReportData): Section | null {
  const student = bestStudent(data);
  const worst = student?.worst ?? [];
  if (!student || worst.length === 0) return null;
  const labelled = worst.some(({ labels }) => labels !== null);
  const followed = worst.some(({ ensemble }) => ensemble.length > 0);
  return {
    id: 'wrong',
    title: 'Most wrong clips',
    note:
      `The eval clips on which ${student.name} is furthest from ` +
      `${labelled ? 'the labels' : 'its ensemble'}, in nats summed over classes. ` +
      'Numbers beside classes are probabilities. The players hold the first seconds of each clip.',
    content: table(
      [
        'Clip',
        { left: 'Listen' },
        labelled ? { left: `Labels, probability by ${student.name}` } : null,
        { left: `Top classes of ${student.name}` },
        followed ? { left: 'Top classes of the ensemble' } : null,
        'Distance',
      ],
      worst.map((clip) => row(clip, student.name, { labelled, followed })),
      'wrong stacked',
    ),
  };
}

function row(
  clip: WorstClip,
  student: string,
  { labelled, followed }: { labelled: boolean; followed: boolean },
): Html {
  return html`<tr>
    <th scope="row">${clip.clip}<small>${formatSeconds(clip.seconds)}</small></th>
    <td class="bar">
      <audio
        controls
        preload="none"
        src="data:audio/wav;base64,${clip.wav}"
        aria-label="${clip.clip}"
      ></audio>
    </td>
    ${labelled ? html`<td class="bar" data-head="Labels">${tags(clip.labels ?? [])}</td>` : null}
    <td class="bar" data-head="${student}">${tags(clip.student)}</td>
    ${followed ? html`<td class="bar" data-head="Ensemble">${tags(clip.ensemble)}</td>` : null}
    <td data-head="Distance">${formatScore(clip.wrongness, 2)}</td>
  </tr> `;
}

function tag({ name, probability }: NamedProbability): Html {
  return html`<li>${name} <span>${formatScore(probability, 2)}</span></li>`;
}

function tags(named: readonly NamedProbability[]): Html {
  return html`<ul class="tags">
    ${named.length === 0 ? html`<li>none</li>` : named.map(tag)}
  </ul>`;
}
