/**
 * A training that several workers share: one activity that leads it, as for any training, and one
 * for each other worker that may take part. These wait in the queue for a worker that is idle, and
 * hold none without a leader, so the leader never waits and two trainings never wait for each
 * other. A new attempt of the leader has another address: its members are asked for anew.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import { gpu, members } from './activity-proxies';
import type { MeasuredModel, TrainInput } from './contract/activities';
import type { RunControl } from './run-control';

/** @param workers at most, with the leader */
export async function trainInGroup(
  control: RunControl,
  input: TrainInput,
  workers: number,
): Promise<MeasuredModel> {
  const asking = new CancellationScope();
  void asking.run(() => askForMembers(control, input, workers - 1)).catch(() => undefined);
  try {
    return await gpu.trainModel(input);
  } finally {
    asking.cancel();
  }
}

/** Until it is cancelled. */
async function askForMembers(
  control: RunControl,
  input: TrainInput,
  count: number,
): Promise<never> {
  const model = input.settings.name;
  let leader = control.leaderOf(model);
  let asked: CancellationScope | null = null;
  for (;;) {
    await condition(() => control.leaderOf(model) !== leader);
    leader = control.leaderOf(model);
    asked?.cancel();
    asked = new CancellationScope();
    if (!leader) continue;
    const joined = { ...input, leader };
    // What goes wrong for a member does not end the run: the leader trains without it.
    const ask = (): Promise<unknown> => members.joinTraining(joined).catch(() => undefined);
    for (let member = 0; member < count; member++) void asked.run(ask);
  }
}
