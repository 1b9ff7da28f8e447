/** A training by one worker, or by the group that it leads. */
import { log, type Info } from '@temporalio/activity';
import { mostWorkers } from '../../workflows/contract/run-notes';
import type { TeacherTraining } from '../../workflows/contract/run-file-sections';
import type { ActivityDependencies, GroupWatch } from '../dependencies';
import { GroupEntrance } from './group-entrance';
import { GroupLeader, type Reports } from './group-leader';

/**
 * Runs a training that other workers may join, where the run file asks for several and this worker
 * has an address for them.
 * @param run is given what the engine needs for it: of several workers, epochs have their rates
 */
export async function leadTraining<R extends Reports, T>(
  { peers }: Pick<ActivityDependencies, 'peers'>,
  settings: Pick<TeacherTraining, 'name' | 'workers' | 'parts' | 'gradientAccumulation'>,
  { workflowExecution }: Pick<Info, 'workflowExecution'>,
  reports: R,
  run: (watched: R & { group?: GroupWatch }) => Promise<T>,
): Promise<T> {
  const most = mostWorkers(settings);
  if (most > 1 && !peers)
    log.warn(
      `up to ${most} workers may train ${settings.name}, but this one was started without ` +
        '--peers: it trains alone, and no other can join it',
    );
  if (most === 1 || !peers || !workflowExecution) return await run(reports);
  const min = Math.min(settings.workers?.min ?? 1, most);
  const group = new GroupLeader(peers, { min, most });
  const entrance = await GroupEntrance.open(peers.address, (arrival) => group.admit(arrival));
  try {
    void peers.announce(workflowExecution, { model: settings.name, ...entrance.place });
    return await run({ ...reports, ...group.watched(reports), group });
  } finally {
    group.close();
    entrance.close();
  }
}
