/**
 * What each artifact was made from: corpus and teachers, their logits, the students trained on
 * them, and the champion.
 */
import { html, type Html } from './html';
import { formatCount, formatParameters } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { dot, modelColour } from './report-parts';

interface Artifact {
  name: string;
  detail: string;
  /** In the store. */
  key: string | null;
  colour: string | null;
}

export function lineageSection(data: ReportData): Section | null {
  const steps = [sources(data), logits(data), students(data), champion(data)].filter(
    ({ artifacts }) => artifacts.length > 0,
  );
  return {
    id: 'lineage',
    title: 'Lineage',
    note:
      'The paths are keys in the store. A key with a hash in it has the same content in every ' +
      'store.',
    content: html`<ol class="lineage">
      ${steps.map(
        ({ title, artifacts }) =>
          html`<li>
            <h3>${title}</h3>
            ${artifacts.map(draw)}
          </li> `,
      )}
    </ol>`,
  };
}

function draw({ name, detail, key, colour }: Artifact): Html {
  return html`<div class="artifact">
    <b>${colour === null ? null : dot(colour)}${name}</b>
    <small>${detail}</small>
    ${key === null ? null : html`<code title="${key}">${shortened(key)}</code>`}
  </div>`;
}

function sources(data: ReportData): { title: string; artifacts: Artifact[] } {
  const clips = data.splits.find(({ split }) => split === 'train')?.clips;
  const corpus: Artifact = {
    name: 'corpus',
    detail: clips === undefined ? 'training clips' : `${formatCount(clips)} training clips`,
    key: `plans/${data.planKey}`,
    colour: null,
  };
  const teachers = data.models
    .filter(({ role }) => role === 'teacher')
    .map((model): Artifact => {
      const { name, parameters, sha256 } = model;
      return {
        name,
        detail: `teacher, ${formatParameters(parameters)}`,
        key: sha256 && `models/${sha256}`,
        colour: modelColour(data, model),
      };
    });
  return {
    title: teachers.length === 0 ? 'Audio and labels' : 'Audio and teachers',
    artifacts: [corpus, ...teachers],
  };
}

function logits({ result }: ReportData): { title: string; artifacts: Artifact[] } {
  if (!result.logits) return { title: '', artifacts: [] };
  const { key, rows, views } = result.logits;
  const detail = `${formatCount(rows)} rows, ${formatCount(views)} views`;
  return {
    title: 'Stored logits',
    artifacts: [{ name: 'logits', detail, key: `logits/${key}`, colour: '--ensemble' }],
  };
}

function students(data: ReportData): { title: string; artifacts: Artifact[] } {
  const artifacts = data.models
    .filter(({ role }) => role === 'student')
    .map((model): Artifact => {
      const { name, parameters, sha256, trained } = model;
      const best = trained ? `, best epoch ${trained.bestEpoch} of ${trained.epochs}` : '';
      return {
        name,
        detail: `${formatParameters(parameters)}${best}`,
        key: sha256 && `models/${sha256}`,
        colour: modelColour(data, model),
      };
    });
  return {
    title: data.kind === 'teach' ? 'Teachers' : artifacts.length === 1 ? 'The student' : 'Students',
    artifacts,
  };
}

/** The champion after this run: a student, or the one before. */
function champion({ result: { promotion } }: ReportData): { title: string; artifacts: Artifact[] } {
  if (!promotion) return { title: '', artifacts: [] };
  const { outcome, student, sha256, says, against } = promotion;
  const present =
    outcome === 'promoted'
      ? { name: student, sha256 }
      : { name: against ? `champion ${against.entry}` : 'no champion', sha256: against?.sha256 };
  const key = present.sha256 === undefined ? null : `models/${present.sha256}`;
  return {
    title: 'The champion',
    artifacts: [{ name: present.name, detail: says, key, colour: null }],
  };
}

/** `models/1f0c9a3b…` */
function shortened(key: string): string {
  const [folder, name = ''] = key.split('/');
  return `${folder}/${name.length > 12 ? `${name.slice(0, 12)}…` : name}`;
}
