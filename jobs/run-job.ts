/** From a job's kind to its code. Runs inside the engine's process. */
import type { LogitsBusy } from '../workflows/contract/activities';
import type { EngineJob, JobResult } from './engine-jobs';
import { takePartJob, trainJob } from './train/training-job';
import { tryTeachersJob } from './try/try-teachers';
import { scoreJob } from './score/score-job';
import type { JobContext } from './job-context';
import { logitsJob } from './logits/logits-job';
import { compareJob } from './compare/compare-job';
import { ShardBusy } from '../storage/shard-lease';

export async function runJob<J extends EngineJob>(
  context: JobContext,
  job: J,
): Promise<JobResult<J>> {
  switch (job.kind) {
    case 'score':
      return (await scoreJob(context, job.input)) as JobResult<J>;
    case 'compare':
      return (await compareJob(context, job.input)) as JobResult<J>;
    case 'logits':
      return (await logitsJob(context, job.input).catch(busyAnswer)) as JobResult<J>;
    case 'try':
      return (await tryTeachersJob(context, job.input)) as JobResult<J>;
    case 'train':
      return (await trainJob(context, job.input)) as JobResult<J>;
    case 'take part':
      return (await takePartJob(context, job.input)) as JobResult<J>;
  }
}

function busyAnswer(error: unknown): LogitsBusy {
  if (error instanceof ShardBusy) return error.answer;
  throw error;
}
