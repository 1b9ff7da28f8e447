/**
 * What the server does without us: activities that take nothing and give nothing, with as many in
 * flight as a run's logits have.
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
