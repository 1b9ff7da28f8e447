/** Between logits and training: asks an activity of the user which training clips to leave out. */
import { ApplicationFailure, condition } from '@temporalio/workflow';
import { selectorOn } from './activity-proxies';
import type { DistillRun } from './contract/run-file';
import { schemaProblems } from './contract/schema-problems';
import { SELECTION_CONTRACT, selectedClipsSchema } from './contract/selection';
import type { RunControl } from './run-control';

const ANSWERED_WITHIN = '5 seconds';

/** @returns names, sorted, each once; empty where the run file names no activity */
export async function selectClips(
  control: RunControl,
  run: DistillRun,
  logitsKey: string,
): Promise<string[]> {
  const { selection, store, corpus, name } = run;
  if (!selection) return [];
  return await control.runOnce('selection', async () => {
    const { activity, taskQueue } = selection;
    const ask = (): Promise<unknown> =>
      selectorOn(selection)({
        ...{ contract: SELECTION_CONTRACT, run: name, store, train: corpus.train, logitsKey },
      });
    const asked = control.interruptibly('other', ask);
    const answer = await withNote(
      control,
      asked,
      `selection: ${activity} on task queue ${taskQueue} has not answered yet; the run waits`,
    );
    const leaveOut = namesIn(answer, activity);
    if (leaveOut.length > 0)
      control.note([
        `selection: ${activity} leaves out ${leaveOut.length} training ` +
          (leaveOut.length === 1 ? 'clip' : 'clips'),
      ]);
    return leaveOut;
  });
}

/** Shows the note while the answer takes longer than some seconds. */
async function withNote<T>(control: RunControl, asked: Promise<T>, waiting: string): Promise<T> {
  let isAnswered = false;
  const settled = asked.finally(() => (isAnswered = true));
  // It is awaited below, which the sandbox cannot know before.
  settled.catch(() => undefined);
  const summary = 'Note that the run waits if the activity has not answered';
  if (!(await condition(() => isAnswered, ANSWERED_WITHIN, { summary }))) control.note([waiting]);
  return await settled.finally(() => control.withdraw(waiting));
}

function namesIn(answer: unknown, activity: string): string[] {
  const parsed = selectedClipsSchema.safeParse(answer);
  if (parsed.success) return [...new Set(parsed.data.leaveOut)].sort();
  const [problem = ''] = schemaProblems(parsed.error, '(answer)');
  throw ApplicationFailure.nonRetryable(
    `selection: ${activity} answered ${problem}`,
    'SelectionInvalid',
  );
}
