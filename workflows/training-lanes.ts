/** Trainings side by side: each is scheduled once the one before it runs. */
import { condition } from '@temporalio/workflow';
import { HistoryTooLong } from './history-length';
import type { RunControl } from './run-control';

export interface Lane<T> {
  /** Of the model. */
  name: string;
  /** Epochs that it has behind it: one more says that it runs. */
  from: number;
  /** Also of an earlier run of the chain. */
  isDone: () => boolean;
  train: () => Promise<T>;
  /** Gets what `train` returned, in the same turn: recorded histories depend on it. */
  keep: (trained: T) => void;
}

/** @throws {HistoryTooLong} once all have ended, when trainings are left for the next run */
export async function trainSideBySide<T>(
  control: RunControl,
  lanes: readonly Lane<T>[],
): Promise<void> {
  let isHistoryLeft = false;
  const { epochs } = control.status;
  // A training that runs reports its first epoch; one found in the store reports none.
  const hasBegun = ({ name, from, isDone }: Lane<T>): boolean =>
    (epochs[name]?.epoch ?? 0) > from || isDone();
  const run = async (lane: Lane<T>, index: number): Promise<void> => {
    if (lane.isDone()) return;
    const before = lanes[index - 1];
    if (before) await condition(() => isHistoryLeft || hasBegun(before));
    if (isHistoryLeft) return;
    control.showStudent(lane.name);
    try {
      lane.keep(await lane.train());
    } catch (error) {
      // The other lanes end in the same way.
      if (!(error instanceof HistoryTooLong)) throw error;
      isHistoryLeft = true;
    }
  };
  await Promise.all(lanes.map(run));
  if (isHistoryLeft) throw new HistoryTooLong();
}
