/** Where this run was started, for the activities that read relative paths of its run file. */
import { workflowInfo } from '@temporalio/workflow';
import { ORIGIN_MEMO, runOriginSchema, type RunOrigin } from './contract/run-origin';

/** Empty where the client did not say it, as Temporal's own command line. */
export function runOrigin(): { origin?: RunOrigin } {
  const parsed = runOriginSchema.safeParse(workflowInfo().memo?.[ORIGIN_MEMO]);
  return parsed.success ? { origin: parsed.data } : {};
}
