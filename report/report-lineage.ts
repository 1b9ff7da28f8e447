/**
 * From what each thing was made: corpus and teachers, the logits they gave, the students that
 * learned, and who is champion now.
 */
import { html, type Html } from './html';
import { formatCount, formatParameters } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { dot, modelColour } from './report-parts';

interface Thing {
  name: string;
  detail: string;
  /** Its place in the store. */
  place: string | null;
  colour: string | null;
}

export function lineageSection(data: ReportData): Section | null {
  const steps = [sources(data), logits(data), students(data), champion(data)].filter(
    ({ things }) => things.length > 0,
  );
  return {
    id: 'lineage',
    title: 'Lineage',
    note: 'Names below are places in the store. A place named by a hash holds the same bytes wherever it is found.',
    content: html`<ol class="lineage">
      ${steps.map(
        ({ title, things }) =>
          html`<li>
            <h3>${title}</h3>
            ${things.map(draw)}
          </li> `,
      )}
    </ol>`,
  };
}

function draw({ name, detail, place, colour }: Thing): Html {
  return html`<div class="thing">
    <b>${colour === null ? null : dot(colour)}${name}</b>
    <small>${detail}</small>
    ${place === null ? null : html`<code title="${place}">${shortened(place)}</code>`}
  </div>`;
}

function sources(data: ReportData): { title: string; things: Thing[] } {
  const clips = data.splits.find(({ split }) => split === 'train')?.clips;
  const corpus: Thing = {
    name: 'corpus',
    detail: clips === undefined ? 'training clips' : `${formatCount(clips)} training clips`,
    place: `plans/${data.planKey}`,
    colour: null,
  };
  const teachers = data.models
    .filter(({ role }) => role === 'teacher')
    .map((model): Thing => {
      const { name, parameters, sha256 } = model;
      return {
        name,
        detail: `teacher, ${formatParameters(parameters)}`,
        place: sha256 && `models/${sha256}`,
        colour: modelColour(data, model),
      };
    });
  return {
    title: teachers.length === 0 ? 'Audio and labels' : 'Audio and teachers',
    things: [corpus, ...teachers],
  };
}

function logits({ result }: ReportData): { title: string; things: Thing[] } {
  if (!result.logits) return { title: '', things: [] };
  const { key, rows, views } = result.logits;
  const detail = `${formatCount(rows)} rows, ${formatCount(views)} views`;
  return {
    title: 'What they heard',
    things: [{ name: 'logits', detail, place: `logits/${key}`, colour: '--ensemble' }],
  };
}

function students(data: ReportData): { title: string; things: Thing[] } {
  const things = data.models
    .filter(({ role }) => role === 'student')
    .map((model): Thing => {
      const { name, parameters, sha256, trained } = model;
      const best = trained ? `, best epoch ${trained.bestEpoch} of ${trained.epochs}` : '';
      return {
        name,
        detail: `${formatParameters(parameters)}${best}`,
        place: sha256 && `models/${sha256}`,
        colour: modelColour(data, model),
      };
    });
  return {
    title: data.kind === 'teach' ? 'Teachers' : things.length === 1 ? 'The student' : 'Students',
    things,
  };
}

/** Whether a student took the champion's place. */
function champion({ result: { promotion } }: ReportData): { title: string; things: Thing[] } {
  if (!promotion) return { title: '', things: [] };
  const { outcome, student, sha256, says, against } = promotion;
  const counts =
    outcome === 'promoted'
      ? { name: student, place: sha256 }
      : { name: 'the champion before', place: against?.sha256 };
  const place = counts.place === undefined ? null : `models/${counts.place}`;
  return {
    title: 'The champion',
    things: [{ name: counts.name, detail: says, place, colour: null }],
  };
}

/** `models/1f0c9a3b…` */
function shortened(place: string): string {
  const [folder, name = ''] = place.split('/');
  return `${folder}/${name.length > 12 ? `${name.slice(0, 12)}…` : name}`;
}
