/**
 * Successive halving of trainings: each trains to a rung, where the activity ends as after
 * `stopAfterEpoch`, and goes on to the next from its checkpoint, to the bytes of an undivided
 * training. contract/halving.ts decides which go on.
 */
import { decideRung, type Halving } from './contract/halving';
import type { EpochMeasure } from './contract/models';
import type { StageStatus } from './contract/status';
import type { RunControl } from './run-control';
import { trainSideBySide } from './training-lanes';

/** Outlives a continue-as-new, as the decided rungs in the status do. By model. */
export interface HalvingState {
  /** At the rung in progress; false = not there yet. */
  measured: (EpochMeasure | null | false)[];
  /** Epoch of the rung where its training ended, null = its own last; false = not yet. */
  ends: (number | null | false)[];
}

export function halvingOf(control: RunControl, models: number): HalvingState {
  return control.persisted<HalvingState>('halving', {
    measured: Array.from({ length: models }, () => false),
    ends: Array.from({ length: models }, () => false),
  });
}

export interface Contest {
  halving: Halving;
  state: HalvingState;
  /** Of the models. */
  names: readonly string[];
  /** Trains a model to the epoch, null = its end. @returns its validation there */
  train: (model: number, epoch: number | null) => Promise<EpochMeasure | null>;
}

export async function trainByHalving(
  control: RunControl,
  stage: StageStatus,
  { halving: { rungs, eta }, state, names, train }: Contest,
): Promise<void> {
  const decided = (control.status.halving ??= []);
  const running = (): number[] => [...names.keys()].filter((model) => state.ends[model] === false);
  const end = (model: number, epoch: number | null): void => {
    state.ends[model] = epoch;
    stage.done++;
  };
  for (const [rung, epoch] of rungs.entries()) {
    const models = running();
    if (models.length === 1) break;
    if (rung < decided.length) continue;
    await trainSideBySide<EpochMeasure | null>(
      control,
      models.map((model) => ({
        name: names[model]!,
        from: rungs[rung - 1] ?? 0,
        isDone: () => state.measured[model] !== false,
        train: () => train(model, epoch),
        keep: (measured) => void (state.measured[model] = measured),
      })),
    );
    // The user ends all of them here or earlier: there is nothing left to compete for.
    if (control.stopAfterEpoch !== null && control.stopAfterEpoch <= epoch) break;
    const contestants = models.map((model) => ({
      name: names[model]!,
      measured: state.measured[model] || null,
    }));
    const decision = decideRung(epoch, contestants, eta);
    decided.push(decision);
    models.forEach((model, at) => {
      if (!decision.students[at]!.goesOn) end(model, epoch);
    });
    state.measured.fill(false);
  }
  await trainSideBySide<EpochMeasure | null>(
    control,
    running().map((model) => ({
      name: names[model]!,
      from: decided.at(-1)?.epoch ?? 0,
      isDone: () => state.ends[model] !== false,
      train: () => train(model, null),
      keep: () => end(model, null),
    })),
  );
}
