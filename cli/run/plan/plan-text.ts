/** A plan as `ced plan` prints it for people. */
import { counted } from '../../../ced/counted';
import { survivorCount, type Halving } from '../../../workflows/contract/halving';
import { SPLITS } from '../../../workflows/contract/models';
import { bytes, duration, millions } from '../../quantities';
import { describeGroup } from '../group-estimate';
import type { RunPlan } from '../run-output';

export function planText({
  run,
  splits,
  logits,
  outputs,
  teachers,
  trainings,
  halving,
  problems,
  notes,
  storeBytes,
  hours,
  group,
}: RunPlan): string {
  const time = (count: number): string => duration(3600 * count);
  const lines = [`run ${run}`];
  for (const split of SPLITS) {
    const found = splits[split];
    if (!found) continue;
    const rejected =
      found.rejectedSoFar === 0
        ? ''
        : ', ' +
          counted(found.rejectedSoFar, 'row or sampled clip', 'rows or sampled clips') +
          ' rejected';
    const { clips, shards, chunks, audioBytes } = found;
    const counts = [
      counted(clips, 'clip', 'clips'),
      counted(shards, 'shard', 'shards'),
      counted(chunks, 'chunk', 'chunks'),
    ].join(', ');
    lines.push(`  ${split.padEnd(11)} ${counts}, ${bytes(audioBytes)} of audio${rejected}`);
  }
  const sizes = teachers.map(
    ({ name, parameters }) =>
      `${name} (${parameters === null ? 'size not known here' : millions(parameters)})`,
  );
  if (sizes.length > 0) lines.push(`  teachers    ${sizes.join(', ')}`);
  if (logits) {
    const known = hours.logits === null ? 'time unknown' : time(hours.logits);
    lines.push(
      `  logits      ${counted(logits.rows, 'row', 'rows')}, ${bytes(logits.bytes)}, ${known}`,
    );
  }
  if (outputs)
    lines.push(
      `  outputs     ${bytes(outputs.bytes)} of ` +
        counted(outputs.teachers, 'teacher', 'teachers'),
    );
  const width = Math.max(11, ...trainings.map(({ name }) => name.length));
  for (const { name, parameters, steps, checkpointBytes, hours: own } of trainings) {
    const size = `${millions(parameters)} parameters (${bytes(4 * parameters)})`;
    const work = `${counted(steps, 'step', 'steps')}, ${time(own)}`;
    const kept = `${bytes(checkpointBytes)} of checkpoints at most`;
    lines.push(`  ${name.padEnd(width)} ${size}, ${work}, ${kept}`);
  }
  if (halving) lines.push(`  halving     ${halvingText(halving, trainings.length)}`);
  lines.push(
    `  training    ${halving ? 'at most ' : ''}${time(hours.training)}`,
    `  store       ${bytes(storeBytes)}`,
    ...notes.map((note) => `  note        ${note}`),
    ...problems.map((problem) => `  refused     ${problem}`),
    `Times at ${hours.teraflops} TFLOP/s sustained (--tflops).`,
    ...(group === null ? [] : describeGroup(group)),
    '',
  );
  return lines.join('\n');
}

/** `6 students, 2 after epoch 4, 1 after epoch 12` */
function halvingText({ rungs, eta }: Halving, students: number): string {
  let left = students;
  const then = rungs.map((rung) => {
    left = survivorCount(left, eta);
    return `${left} after epoch ${rung}`;
  });
  return [`${students} students`, ...then].join(', ');
}
