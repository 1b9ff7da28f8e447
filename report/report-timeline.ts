/**
 * The pipeline over time: every attempt at every activity, the waits between attempts, and idle
 * times.
 */
import { html, type Html } from './html';
import { formatCount, formatPercent, formatSeconds } from './number-format';
import type { ReportData } from './report-data';
import type { Section } from './report-section';
import { table } from './report-parts';
import { CLOSEST, layOut, lengthMs, originOf, ticks, type Mark, type Timeline } from './timeline';
import type { RunAttempt } from './run-attempt';

const KINDS: Readonly<Record<Mark['kind'], string>> = {
  done: 'done',
  reused: 'found in the store',
  stopped: 'stopped after its checkpoint',
  failed: 'failed',
  lost: 'lost with its process',
  waiting: 'waiting for the next attempt',
};
const ROWS_LISTED = 200;

export function timelineSection(data: ReportData): Section | null {
  const timeline = layOut(data.attempts);
  if (!timeline) return null;
  const kinds = new Set(
    timeline.stages.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.map(({ kind }) => kind))),
  );
  return {
    id: 'timeline',
    title: 'Timeline',
    note: summary(data.attempts, timeline),
    content: html`<div class="timeline">
        ${timeline.stages.map(
          ({ stage, lanes }) =>
            html`<div class="stage">
              <b>${stage}</b>
              <div>
                ${lanes.map(
                  (lane) =>
                    html`<div class="lane">
                      ${lane.map((mark) => drawMark(mark, timeline.spanMs))}
                    </div>`,
                )}
              </div>
            </div> `,
        )}
        <div class="stage">
          <b>idle</b>
          <div>
            <div class="lane">${idleSpans(timeline)}</div>
          </div>
        </div>
        <div class="stage axis">
          <b></b>
          <div>
            ${ticks(timeline.spanMs).map(
              (at) =>
                html`<span style="--from:${share(at, timeline.spanMs)}">${tickLabel(at)}</span>`,
            )}
          </div>
        </div>
      </div>
      <p class="legend">
        ${Object.entries(KINDS)
          .filter(([kind]) => kinds.has(kind as Mark['kind']))
          .map(([kind, label]) => html`<span><i class="mark ${kind}"></i>${label}</span> `)}
        <span><i class="mark idle"></i>nothing running</span>
      </p>
      ${attemptTable(data.attempts)}`,
  };
}

function summary(attempts: readonly RunAttempt[], { spanMs, idle, gpuIdle }: Timeline): string {
  const activities = new Set(attempts.map(({ activityId }) => activityId)).size;
  const troubled = (['failed', 'lost', 'stopped'] as const).flatMap((outcome) => {
    const count = attempts.filter((each) => each.outcome === outcome).length;
    return count === 0 ? [] : [`${formatCount(count)} ${outcome}`];
  });
  const workers = new Set(attempts.map(({ worker }) => worker)).size;
  return (
    `${formatCount(activities)} activities in ${formatCount(attempts.length)} attempts on ` +
    `${formatCount(workers)} ${workers === 1 ? 'worker' : 'workers'} ` +
    `(${troubled.length === 0 ? 'all done' : troubled.join(', ')}), ` +
    `${seconds(spanMs)} from the first to the last. ` +
    `Nothing was running for ${seconds(lengthMs(idle))} ` +
    `(${formatPercent(lengthMs(idle) / spanMs)}). ` +
    'Between their first and last activity, GPU workers were idle for ' +
    `${seconds(lengthMs(gpuIdle))}.`
  );
}

/** Idle times that are wide enough to be seen. */
function idleSpans({ idle, spanMs }: Timeline): Html[] {
  return idle
    .filter(({ fromMs, toMs }) => toMs - fromMs >= spanMs * CLOSEST)
    .map(({ fromMs, toMs }) =>
      drawSpan(fromMs, toMs, spanMs, 'idle', `idle for ${seconds(toMs - fromMs)}`),
    );
}

function drawMark({ fromMs, toMs, kind, attempts }: Mark, spanMs: number): Html {
  const [first] = attempts;
  if (!first) return html``;
  const name =
    attempts.length > 1
      ? `${formatCount(attempts.length)} × ${first.activity}`
      : first.what || first.activity;
  const which = kind === 'waiting' || first.attempt > 1 ? `, attempt ${first.attempt}` : '';
  const subject = attempts.length > 1 ? `× ${attempts.length}` : first.what;
  const title =
    `${first.activity} ${subject}${which}: ${KINDS[kind]}, ` + `${seconds(toMs - fromMs)}`;
  return drawSpan(fromMs, toMs, spanMs, kind, title, kind === 'waiting' ? '' : name);
}

function drawSpan(
  fromMs: number,
  toMs: number,
  spanMs: number,
  kind: string,
  title: string,
  label = '',
): Html {
  // A name of which one or two letters fit is left out.
  const room = (toMs - fromMs) / spanMs > 0.035;
  return html`<span
    class="mark ${kind}"
    style="--from:${share(fromMs, spanMs)};--share:${share(toMs - fromMs, spanMs)}"
    title="${title}"
    >${room ? label : ''}</span
  >`;
}

function attemptTable(attempts: readonly RunAttempt[]): Html {
  const originMs = originOf(attempts);
  const listed = attempts.length <= ROWS_LISTED ? attempts : notableAttempts(attempts);
  const rows = listed.map(
    (each) =>
      html`<tr>
        <th scope="row">${each.activity}<small>${each.what}</small></th>
        <td>${each.attempt}</td>
        <td>${seconds(each.startedMs - originMs)}</td>
        <td>${seconds(Math.max(0, each.startedMs - each.scheduledMs))}</td>
        <td>${seconds(each.endedMs - each.startedMs)}</td>
        <td class="outcome ${each.outcome}">
          ${KINDS[each.reused ? 'reused' : each.outcome]}
          ${each.failure === null ? null : html`<small>${each.failure}</small>`}
        </td>
        <td class="worker">${each.worker}</td>
      </tr> `,
  );
  return html`<details>
    <summary>
      ${
        listed.length === attempts.length
          ? `All ${formatCount(attempts.length)} attempts`
          : `${formatCount(listed.length)} of ${formatCount(attempts.length)} attempts: ` +
            'the unsuccessful and the longest'
      }
    </summary>
    ${table(
      [
        'Activity',
        'Attempt',
        'Started at',
        'Waited',
        'Took',
        { left: 'Outcome' },
        { left: 'Worker' },
      ],
      rows,
      'attempts',
    )}
  </details>`;
}

function notableAttempts(attempts: readonly RunAttempt[]): RunAttempt[] {
  const lengthOf = ({ startedMs, endedMs }: RunAttempt): number => endedMs - startedMs;
  const badFirst = attempts.toSorted(
    (a, b) =>
      Number(a.outcome === 'done') - Number(b.outcome === 'done') || lengthOf(b) - lengthOf(a),
  );
  return badFirst.slice(0, ROWS_LISTED).sort((a, b) => a.startedMs - b.startedMs);
}

const seconds = (ms: number): string => formatSeconds(ms / 1000);
const share = (ms: number, spanMs: number): string => (ms / spanMs).toFixed(5);

function tickLabel(ms: number): string {
  const total = ms / 1000;
  if (total < 60) return `${Number(total.toFixed(1))} s`;
  if (total < 7200)
    return total % 60 === 0
      ? `${total / 60} min`
      : `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
  return total < 172_800
    ? `${Number((total / 3600).toFixed(1))} h`
    : `${Number((total / 86_400).toFixed(1))} d`;
}
