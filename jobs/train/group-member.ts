/**
 * A member's part in a training that another worker leads: its share of every step, generation
 * after generation. It writes nothing.
 */
import { GroupLost } from '../../ced/engine/group';
import type { TrainInput } from '../../workflows/contract/activities';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { beginPhase, throwIfStopped, type JobContext } from '../job-context';
import type { GroupLink } from './group-link';
import { GroupTurn } from './group-turn';
import { newestStart } from './starting-point';
import { TrainingSteps, type Training } from './training-steps';

/** Takes part until the training is over. */
export async function takePart(
  context: JobContext,
  input: TrainInput,
  training: Training,
  link: GroupLink,
): Promise<void> {
  for (;;) {
    await beginPhase(context, 'waiting for the other workers');
    const next = await link.generation(training.key, context.engine.kind, 0);
    if (next === null) return;
    const turn = new GroupTurn(link, next.group);
    try {
      if ((await trainInTurn(context, input, training, turn, next.step)) === 'over') return;
    } catch (error) {
      if (!(error instanceof GroupLost)) throw error;
    }
  }
}

/** @throws {GroupLost} */
async function trainInTurn(
  context: JobContext,
  input: TrainInput,
  training: Training,
  turn: GroupTurn,
  step: number,
): Promise<'over' | 'lost'> {
  const { at, initial } = await newestStart(context, input, training);
  if (at.step !== step)
    throw new Error(`the newest checkpoint is of step ${at.step}, the leader's of step ${step}`);
  const trainer = turn.begin(context.engine, training, initial);
  try {
    const steps = new TrainingSteps(context.monotonicMs, training, trainer);
    const progress = progressMeter('steps', steps.total, context.monotonicMs, at.step);
    for (;;) {
      while (at.stepInEpoch < training.data.stepsPerEpoch) {
        await throwIfStopped(context);
        const { pace } = await steps.take(at, (batch) => batch);
        context.onProgress({ ...progress(at.step), pace, epoch: at.epoch, ...turn.shown });
      }
      Object.assign(at, { epoch: at.epoch + 1, stepInEpoch: 0 });
      const then = await turn.epochOver(at.epoch);
      if (then !== 'next') return then;
    }
  } finally {
    trainer.dispose();
  }
}
