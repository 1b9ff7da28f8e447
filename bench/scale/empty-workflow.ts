/**
 * Activities without input, work and output, to measure the server alone; as many in flight as in
 * the logits stage of a run.
 */
import { proxyActivities } from '@temporalio/workflow';
import { slidingWindow } from '../../workflows/sliding-window';

export interface EmptyActivities {
  empty(): Promise<void>;
}

const { empty: emptyActivity } = proxyActivities<EmptyActivities>({
  startToCloseTimeout: '1 minute',
});

export async function empty(count: number, width: number): Promise<void> {
  await slidingWindow({ from: 0, count, width }, () => emptyActivity());
}
