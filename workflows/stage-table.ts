/**
 * A run's stages and last epochs in Markdown, for the details that Temporal's web interface shows
 * of a workflow.
 */
import type { EpochRecord } from './contract/activities';
import { describeRung } from './contract/halving';
import type { RunStatus, StageStatus } from './contract/status';

export function stageTable({ state, stages, epochs, halving = [] }: RunStatus): string {
  const rows = stages.map(
    (stage) => `| ${stage.name} | ${stage.state} | ${counted(stage)} | ${took(stage)} |`,
  );
  const table = ['| stage | state | done | seconds |', '| --- | --- | --- | --- |', ...rows];
  const models = Object.values(epochs).map(epochLine);
  const rungs = halving.map((rung) => `- ${describeRung(rung)}`);
  return [
    state === 'paused' ? '**paused**' : '',
    table.join('\n'),
    models.join('\n'),
    rungs.join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function counted({ state, done, total, unit }: StageStatus): string {
  return state === 'waiting' ? '' : `${done} of ${total} ${unit}`;
}

/** Of an activity that is running the heartbeats say more. */
function took({ state, seconds }: StageStatus): string {
  return state === 'done' ? seconds.toFixed(0) : '';
}

function epochLine({ student, epoch, mAP }: EpochRecord): string {
  return `- ${student}: epoch ${epoch}${mAP === null ? '' : `, mAP ${mAP.toFixed(3)}`}`;
}
