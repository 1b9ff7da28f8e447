/**
 * Where everything came from: keys in the store, the machines it was computed on, and the run file
 * to repeat it.
 */
import { html, type Html } from './html';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import type { TrainingCurve } from './training-curve';

export function provenanceSection(data: ReportData): Section {
  const { result, models, curves, versions } = data;
  const rows: [string, string | Html][] = [
    ['Workflow', result.workflowId],
    ['Workflow run', data.workflowRunId],
    ['Versions', `ced ${versions.ced}, Node ${versions.node}, Temporal SDK ${versions.temporal}`],
    ['Corpus plan', html`<code>plans/${data.planKey}</code>`],
    ...(result.logits
      ? [['Logits', html`<code>logits/${result.logits.key}</code>`] as [string, Html]]
      : []),
    ...models.flatMap(({ role, name, sha256 }): [string, Html][] =>
      sha256 === null
        ? []
        : [
            [
              `${data.kind === 'teach' ? 'model' : role} ${name}`,
              html`<code>models/${sha256}</code>`,
            ],
          ],
    ),
    ...models.flatMap(({ name, trained }): [string, Html][] =>
      trained ? [[`training of ${name}`, html`<code>training/${trained.trainingKey}</code>`]] : [],
    ),
    ...curves.map((curve): [string, string] => [`${curve.name} was trained on`, machine(curve)]),
    ...models.flatMap(({ name, trained }): [string, string][] =>
      trained
        ? [
            [
              `${name} can be repeated bit for bit`,
              trained.bitExact
                ? 'yes, on the same kind of machine'
                : 'no, its training moved to another kind of machine',
            ],
          ]
        : [],
    ),
  ];
  return {
    id: 'provenance',
    title: 'Provenance',
    content: html`<dl class="facts">
        ${rows.map(
          ([label, value]) =>
            html`<dt>${label}</dt>
              <dd>${value}</dd> `,
        )}
      </dl>
      <details>
        <summary>Run file</summary>
        <pre>${JSON.stringify(data.runFile, null, 2)}</pre>
      </details>`,
  };
}

function machine({ engine }: TrainingCurve): string {
  if (!engine) return 'unknown: its last checkpoint is gone';
  const { tensorflow, device, gpu, intraOpThreads, instructionCap, numericsVersion } = engine;
  const threads = intraOpThreads === undefined ? '' : `${intraOpThreads} threads, `;
  return (
    `TensorFlow ${tensorflow}, ${device}${gpu === undefined ? '' : ` with ${gpu}`}, ${threads}` +
    `instruction cap ${instructionCap}, numerics ${numericsVersion}`
  );
}
