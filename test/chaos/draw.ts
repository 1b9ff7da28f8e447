/**
 * What happens in a try, and when: a function of the seed and the try's number alone. Every fault
 * comes once in as many tries as there are faults.
 */
import { below, permutation, philox, streamKey, uniform } from '../../ced/augment/random';
import { SCHEMES, type Scheme } from './bucket-service';
import { FAULTS, type Fault, type Stage } from './faults';
import { SHARDS } from './scene';
import { ROWS, STEPS, type Trial } from './trial';

export interface Draw {
  fault: Fault;
  moment: Moment;
  /** In [0, 1), for what is left to chance within the fault. */
  within: number;
  /** Of the bucket, for faults that need one. */
  scheme: Scheme;
}

/** As soon as audio is ingested, or when so much has been done. */
export type Moment =
  { stage: 'ingest' } | { stage: 'logits'; row: number } | { stage: 'training'; step: number };

export function drawTry(seed: number, index: number): Draw {
  const block = Math.floor(index / FAULTS.length);
  const drawn = FAULTS[permutation(seed, block, FAULTS.length)[index % FAULTS.length] ?? 0];
  if (!drawn) throw new Error('no fault');
  const fault = block === 0 ? (drawn.once ?? drawn) : drawn;
  const words = philox(streamKey('chaos', seed, index), [0, 0, 0, 0]);
  const stages: readonly Stage[] = fault.stages ?? ['ingest', 'logits', 'training'];
  const stage = stages[below(words[0], stages.length)] ?? 'training';
  const scheme = SCHEMES[below(words[3], SCHEMES.length)] ?? 'gs';
  return { fault, moment: momentIn(stage, uniform(words[1])), within: uniform(words[2]), scheme };
}

function momentIn(stage: Stage, within: number): Moment {
  if (stage === 'ingest') return { stage };
  if (stage === 'logits') return { stage, row: 1 + Math.floor(within * (ROWS - ROWS / SHARDS)) };
  return { stage, step: Math.round(STEPS * (0.1 + 0.7 * within)) };
}

/** The fault, and the kind of bucket where it needs one. */
export function describe({ fault, scheme }: Pick<Draw, 'fault' | 'scheme'>): string {
  return fault.place === 'bucket' ? `${fault.name} (${scheme}://)` : fault.name;
}

export function nameOf(moment: Moment): string {
  switch (moment.stage) {
    case 'ingest':
      return 'ingest';
    case 'logits':
      return `row ${moment.row}`;
    case 'training':
      return `step ${moment.step}`;
  }
}

/** Resolves when the run has come so far. @throws when it ends before */
export async function reached(trial: Trial, moment: Moment): Promise<void> {
  let ended: Error | null = null;
  trial.handle.result().then(
    () => (ended = new Error('the run ended before its moment')),
    (error: Error) => (ended = error),
  );
  await trial.eventually(async () => {
    if (ended !== null) throw ended;
    if (moment.stage === 'ingest') {
      const stage = (await trial.status())?.stages.find(({ name }) => name === 'download');
      return stage === undefined || stage.state === 'waiting' ? null : stage;
    }
    const deeds = trial.deeds();
    if (moment.stage === 'training')
      return deeds.find(({ unit, done }) => unit === 'steps' && done >= moment.step) ?? null;
    const predicted = deeds
      .filter(({ unit }) => unit === 'rows')
      .reduce((rows, { shard, done }) => rows.set(shard, done), new Map<number, number>());
    return [...predicted.values()].reduce((sum, rows) => sum + rows, 0) >= moment.row || null;
  });
}
