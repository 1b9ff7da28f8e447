/**
 * Each trained model's metrics beside the result, joined from their segments:
 * `metrics/<model>.jsonl`, and `tensorboard/<model>/` for TensorBoard.
 */
import type { PublishInput } from '../../workflows/contract/activities';
import { readMetrics } from '../../storage/training/metrics-segment';
import { encodeEvents } from '../../report/tensorboard-events';
import { layout } from '../../storage/layout';
import type { Store } from '../../storage/store';

/** Content by path below `runs/<run>/<workflowRunId>/`. */
export async function metricsFiles(
  store: Store,
  { students }: Pick<PublishInput, 'students'>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const { name, trainingKey, steps } of students) {
    const lines = await readMetrics(store, trainingKey, steps);
    files.set(
      layout.metricsFile(name),
      Buffer.from(lines.map((line) => JSON.stringify(line) + '\n').join('')),
    );
    files.set(layout.eventsFile(name), encodeEvents(lines, 0));
  }
  return files;
}
