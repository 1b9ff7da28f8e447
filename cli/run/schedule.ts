/**
 * `npm run schedule`: creates a schedule of retrainings by running the Temporal CLI command that it
 * prints. Idempotent: an equal schedule is left alone, a different one is updated.
 */
import { isDeepStrictEqual } from 'node:util';
import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import { temporalBinary } from '../../infra/toolchain';
import { temporalSettings } from '../../workers/temporal-settings';
import { TASK_QUEUES } from '../../workflows/contract/names';
import { runProgram } from '../failure';
import { connect } from './follow';
import { readRunFile, readRunJson } from './run-file';
import {
  durationText,
  parseScheduleOptions,
  SCHEDULE_HELP,
  type ScheduleOptions,
} from './schedule-options';
import { nameToType, runTemporal, scheduleArguments, shellLine } from './temporal-command';

const CATCH_UP_SECONDS = 3600;

runProgram(async (argv) => {
  const options = parseScheduleOptions(argv);
  if (options) await createOrUpdate(options);
  else console.log(SCHEDULE_HELP);
  return 0;
});

async function createOrUpdate(options: ScheduleOptions): Promise<void> {
  // Checked even if --id replaces the name: every firing of a wrong run file would be refused.
  const { name } = readRunFile(options.runFile, 'retrain');
  const id = options.id ?? name;
  const json = readRunJson(options.runFile);
  if (options.show) return say(id, options, 'create', null);
  const { client, close } = await connect(temporalSettings(options, process.env));
  try {
    const present = await describe(client, id);
    if (present && isTheSame(present, options, json)) {
      say(id, options, 'create', null);
      const note = pausedNote(present);
      console.log(`Schedule ${id} is there already and is the same: nothing was changed.${note}`);
      return;
    }
    const verb = present ? 'update' : 'create';
    say(id, options, verb, present);
    await runTemporal(temporalBinary(), lineOf(id, options, verb, present));
    const next = (await client.schedule.getHandle(id).describe()).info.nextActionTimes[0];
    const fires = next ? ` It fires next at ${next.toISOString()}.` : '';
    console.log(`Schedule ${id} ${verb}d.${fires}${present ? pausedNote(present) : ''}`);
  } finally {
    await close();
  }
}

function lineOf(
  id: string,
  options: ScheduleOptions,
  verb: 'create' | 'update',
  present: ScheduleDescription | null,
): string[] {
  const { runFile, everySeconds, offsetSeconds, jitterSeconds, address, namespace } = options;
  return scheduleArguments({
    verb,
    id,
    inputFile: runFile,
    interval:
      durationText(everySeconds) + (offsetSeconds === 0 ? '' : `/${durationText(offsetSeconds)}`),
    jitter: durationText(jitterSeconds),
    catchUpWindow: durationText(CATCH_UP_SECONDS),
    // An update replaces the whole schedule, so the note of a paused one is passed on.
    pausedBecause: present?.state.paused ? (present.state.note ?? '') : null,
    address,
    namespace,
  });
}

function say(...line: Parameters<typeof lineOf>): void {
  console.log(`\n  ${shellLine(nameToType(temporalBinary()), lineOf(...line))}\n`);
}

async function describe(client: Client, id: string): Promise<ScheduleDescription | null> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function isTheSame(
  { spec, policies, action }: ScheduleDescription,
  options: ScheduleOptions,
  runFile: unknown,
): boolean {
  const { everySeconds, offsetSeconds, jitterSeconds } = options;
  const found = {
    intervals: spec.intervals?.map(({ every, offset }) => [every, offset ?? 0]),
    others: [spec.calendars?.length ?? 0],
    jitter: spec.jitter ?? 0,
    overlap: policies.overlap,
    catchUp: policies.catchupWindow,
    pauseOnFailure: policies.pauseOnFailure,
    action: [action.workflowType, action.taskQueue, action.args],
  };
  const wanted = {
    intervals: [[everySeconds * 1000, offsetSeconds * 1000]],
    others: [0],
    jitter: jitterSeconds * 1000,
    overlap: 'BUFFER_ONE',
    catchUp: CATCH_UP_SECONDS * 1000,
    pauseOnFailure: true,
    action: ['retrain', TASK_QUEUES.workflows, [runFile]],
  };
  return isDeepStrictEqual(found, wanted);
}

function pausedNote({ state }: ScheduleDescription): string {
  return state.paused ? ` It is paused: ${state.note ?? 'no reason given'}` : '';
}
