/**
 * The jobs that run inside the engine's process, and what they give back. Everything here crosses a
 * process border as plain data.
 */
import type { CompareInput, Comparison } from '../workflows/contract/promotion';
import type {
  PredictedLogits,
  LogitsBusy,
  LogitsInput,
  LogitsShard,
  MeasuredModel,
  ScoreInput,
  Scored,
  TrainInput,
  TriedTeachers,
  TryTeachersInput,
} from '../workflows/contract/activities';

export type EngineJob =
  | { kind: 'score'; input: ScoreInput }
  | { kind: 'compare'; input: CompareInput }
  | { kind: 'try'; input: TryTeachersInput }
  | { kind: 'logits'; input: LogitsInput & { owner?: string } }
  | { kind: 'train'; input: TrainInput & { attemptId: string } }
  /** A member's part in a training that another worker leads. */
  | { kind: 'take part'; input: TrainInput };

export type JobResult<J extends EngineJob> = J['kind'] extends 'score'
  ? Scored
  : J['kind'] extends 'compare'
    ? Comparison
    : J['kind'] extends 'logits'
      ? LogitsShard | PredictedLogits | LogitsBusy
      : J['kind'] extends 'try'
        ? TriedTeachers
        : J['kind'] extends 'take part'
          ? null
          : MeasuredModel;

/** The job was asked to stop and has committed everything it had. */
export class EngineStopped extends Error {
  constructor() {
    super('the engine stopped after its checkpoint, as asked');
    this.name = 'EngineStopped';
  }
}

/** The engine's process died or fell silent; a retry starts a fresh one. */
export class EngineLost extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'EngineLost';
  }
}
