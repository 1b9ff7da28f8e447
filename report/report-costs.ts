/** The run's costs: time by stage, bytes in the store, rejected clips. */
import { sampleRate } from '../ced/audio/mono16k';
import { html, type Html } from './html';
import {
  formatBytes,
  formatCount,
  formatHours,
  formatPercent,
  formatSeconds,
} from './number-format';
import type { RunCost } from '../workflows/contract/activities';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { bar, table } from './report-parts';
import { TO_STORE } from './run-links';

export function stagesSection({ result: { stages }, attempts }: ReportData): Section | null {
  if (stages.length === 0) return null;
  const longest = Math.max(...stages.map(({ seconds }) => seconds), Number.MIN_VALUE);
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const workedSeconds = (stage: string | null, gpu: boolean): number =>
    attempts
      .filter(
        (each) =>
          (stage === null || each.stage === stage) && each.stage !== 'publish' && each.gpu === gpu,
      )
      .reduce((sum, { startedMs, endedMs }) => sum + (endedMs - startedMs) / 1000, 0);
  const workCells = (stage: string | null): Html[] =>
    attempts.length === 0
      ? []
      : [workedSeconds(stage, false), workedSeconds(stage, true)].map(
          (seconds) => html`<td>${formatHours(seconds)}</td>`,
        );
  const rows = stages.map(
    ({ name, seconds }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td class="bar">${bar(formatSeconds(seconds), seconds / longest, '--ensemble')}</td>
        <td>${formatPercent(total === 0 ? null : seconds / total)}</td>
        ${workCells(name)}
      </tr>`,
  );
  return {
    id: 'stages',
    title: 'Time of this run by stage',
    note:
      'A stage whose results were already in the store took almost no time. CPU and GPU hours ' +
      'are those of the workers on either queue, failed attempts included. Provenance names ' +
      'the hardware of the GPU workers.',
    content: table(
      [
        'Stage',
        { left: 'Elapsed' },
        'Share',
        ...(attempts.length === 0 ? [] : ['CPU hours', 'GPU hours']),
      ],
      [
        ...rows,
        html`<tr class="total">
          <th scope="row">total</th>
          <td class="bar">${bar(formatSeconds(total), 0, '--ensemble')}</td>
          <td></td>
          ${workCells(null)}
        </tr>`,
      ],
      'costs',
    ),
  };
}

/** The runs that made what this report shows, where this run found some of it in the store. */
export function makersSection({ result: { cost }, workflowRunId }: ReportData): Section | null {
  if (!cost || cost.runs.every((run) => run.workflowRunId === workflowRunId)) return null;
  const longest = Math.max(...cost.runs.map(({ seconds }) => seconds), Number.MIN_VALUE);
  const row = (
    name: Html,
    { seconds, cpuSeconds, gpuSeconds }: Pick<RunCost, 'seconds' | 'cpuSeconds' | 'gpuSeconds'>,
    [attempts, unsuccessful, meterShare]: [number, number, number],
    kind: string | null = null,
  ): Html =>
    html`<tr class="${kind}">
      <th scope="row">${name}</th>
      <td class="bar">${bar(formatSeconds(seconds), meterShare, '--ensemble')}</td>
      <td>${formatHours(cpuSeconds)}</td>
      <td>${formatHours(gpuSeconds)}</td>
      <td>${formatCount(attempts)}</td>
      <td>${formatCount(unsuccessful)}</td>
    </tr>`;
  const sum = (field: 'attempts' | 'unsuccessful'): number =>
    cost.runs.reduce((total, run) => total + run[field], 0);
  return {
    id: 'cost',
    title: 'Cost by run',
    note:
      'The runs whose work this report shows: their attempts at it, failed and lost ones ' +
      'included. A run is named by its Temporal run id, which leads to its report, if it came to ' +
      'one.',
    content: table(
      ['Run', { left: 'At work' }, 'CPU hours', 'GPU hours', 'Attempts', 'Unsuccessful'],
      [
        ...cost.runs.map((run) =>
          row(
            html`${runLink(run)}
              <small>
                ${run.workflowRunId === workflowRunId ? 'this run' : null} began
                ${new Date(run.fromMs).toISOString().slice(0, 16).replace('T', ' ')} UTC
              </small>`,
            run,
            [run.attempts, run.unsuccessful, run.seconds / longest],
          ),
        ),
        row(html`total`, cost, [sum('attempts'), sum('unsuccessful'), 0], 'total'),
      ],
      'costs',
    ),
  };
}

/** To the report of the run, beside this one in the store; a run that was killed has none. */
function runLink({ workflowRunId, report }: RunCost['runs'][number]): Html {
  const name = html`<code>${workflowRunId}</code>`;
  return report === undefined ? name : html`<a href="${TO_STORE}${report}">${name}</a>`;
}

export function storageSection({ splits, result: { logits, selection } }: ReportData): Section {
  const notes = [duplicatesNote(splits), selectionNote(selection)].filter((note) => note !== '');
  const rows = splits.map(
    ({ split, clips, chunks, samples, shards, rejected, labelled }) =>
      html`<tr>
        <th scope="row">${split}<small>${labelled ? 'labelled' : 'without labels'}</small></th>
        <td>${formatCount(clips)}</td>
        <td>${formatCount(chunks)}</td>
        <td>${formatSeconds(samples / sampleRate)}</td>
        <td>${formatBytes(samples * 2)}</td>
        <td>${formatCount(shards)}</td>
        <td>${formatCount(rejected)}</td>
      </tr>`,
  );
  return {
    id: 'storage',
    title: 'Corpus and storage',
    ...(notes.length > 0 ? { note: notes.join(' ') } : {}),
    content: html`${table(
      ['Split', 'Clips', 'Chunks', 'Audio', 'PCM', 'Shards', 'Rejected'],
      rows,
    )}${logits && logitBytes(logits)}`,
  };
}

function duplicatesNote(splits: ReportData['splits']): string {
  const found = splits
    .filter(({ duplicates = 0 }) => duplicates > 0)
    .map(({ split, duplicates = 0 }) => `${formatCount(duplicates)} of ${split}`);
  return found.length === 0
    ? ''
    : `Clips with the same audio as another clip of their split: ${found.join(', ')}. ` +
        'They were kept.';
}

function selectionNote(selection: ReportData['result']['selection']): string {
  if (!selection) return '';
  const { activity, taskQueue, clips, examples } = selection;
  const asked = `the activity ${activity} on task queue ${taskQueue}`;
  if (clips === 0) return `Students learn from every training clip: ${asked} left none out.`;
  const more = clips > examples.length ? ', …' : '';
  const names = `${examples.join(', ')}${more}`;
  const learnt = `Students learn without ${formatCount(clips)} training clips`;
  return `${learnt}, as ${asked} chose: ${names}.`;
}

function logitBytes({
  rows,
  views,
  bytes,
  pcmBytes,
  leftOut = 0,
}: NonNullable<ReportData['result']['logits']>): Html {
  const largest = Math.max(bytes, pcmBytes, 1);
  const each = rows === 0 ? '' : `, ${(bytes / rows).toFixed(1)} bytes each`;
  const without = leftOut === 0 ? '' : `; ${formatCount(leftOut)} chunks left out`;
  return html`<h3>Size of the audio and of its logits</h3>
    <table class="costs">
      <tbody>
        <tr>
          <th scope="row">audio<small>16 kHz mono int16</small></th>
          <td class="bar">${bar(formatBytes(pcmBytes), pcmBytes / largest, '--teacher')}</td>
        </tr>
        <tr>
          <th scope="row">
            logits<small
              >${formatCount(rows)} rows, ${formatCount(views)} views${each}${without}</small
            >
          </th>
          <td class="bar">${bar(formatBytes(bytes), bytes / largest, '--ensemble')}</td>
        </tr>
      </tbody>
    </table>`;
}

export function rejectedSection({ rejected, result }: ReportData): Section | null {
  if (result.rejected === 0) return null;
  const rows = rejected.map(
    ({ kind, count, examples }) =>
      html`<tr>
        <th scope="row">${kind}</th>
        <td>${formatCount(count)}</td>
        <td class="examples">
          <details>
            <summary>
              ${examples.length === count ? 'show' : `show the first ${examples.length}`}
            </summary>
            <ul>
              ${examples.map(
                ({ split, clip, reason }) =>
                  html`<li><b>${clip}</b> <small>${split}</small><br />${reason}</li>`,
              )}
            </ul>
          </details>
        </td>
      </tr>`,
  );
  return {
    id: 'rejected',
    title: 'Rejected clips',
    note:
      `${formatCount(result.rejected)} ${result.rejected === 1 ? 'clip was' : 'clips were'} ` +
      'left out. rejected.jsonl beside this report lists all of them.',
    content: table(['Reason', 'Clips', { left: 'Examples' }], rows, 'named'),
  };
}
