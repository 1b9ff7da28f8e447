import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { pendingActivities } from '../../cli/run/status-feed';
import type { LiveProgress } from '../../workflows/contract/live-progress';

const { PendingActivityState } = temporal.api.enums.v1;

function described(
  activity: temporal.api.workflow.v1.IPendingActivityInfo,
): ReturnType<typeof pendingActivities> {
  return pendingActivities({ raw: { pendingActivities: [activity] } }, (payload) =>
    Promise.resolve(defaultPayloadConverter.fromPayload(payload)),
  );
}

type Time = NonNullable<temporal.api.workflow.v1.IPendingActivityInfo['lastStartedTime']>;

function at(seconds: number, nanos = 0): Time {
  return { seconds: seconds as unknown as Time['seconds'], nanos } as Time;
}

describe('activities of a run, as the server describes them', () => {
  it('carry the progress of their last heartbeat', async () => {
    const progress: LiveProgress = {
      unit: 'rows',
      done: 3,
      total: 9,
      perSecond: 1.5,
      etaSeconds: 4,
    };
    const [activity] = await described({
      activityId: '7',
      activityType: { name: 'computeLogits' },
      attempt: 1,
      state: PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
      heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(progress)] },
    });
    expect(activity).toEqual({
      id: '7',
      type: 'computeLogits',
      attempt: 1,
      started: true,
      progress,
      lastFailure: null,
    });
  });

  it('have none before the first heartbeat, or when its details are of another kind', async () => {
    expect((await described({ activityType: { name: 'ingestShard' } }))[0]).toMatchObject({
      started: false,
      progress: null,
    });
    const details = { payloads: [defaultPayloadConverter.toPayload('half way')] };
    expect(
      (await described({ activityType: { name: 'ingestShard' }, heartbeatDetails: details }))[0]
        ?.progress,
    ).toBeNull();
  });

  it('say which worker has them, since when, and when the next attempt is due', async () => {
    const [activity] = await described({
      activityOptions: { taskQueue: { name: 'teacher-beats' } },
      lastWorkerIdentity: '42@gpu',
      lastStartedTime: at(100),
      lastHeartbeatTime: at(90, 5e8),
      nextAttemptScheduleTime: at(120, 25e7),
    });
    expect(activity).toMatchObject({ queue: 'teacher-beats', worker: '42@gpu' });
    // The heartbeat is of the attempt before.
    expect(activity).toMatchObject({ lastSignMs: 100_000, nextAttemptMs: 120_250 });
  });

  it('name what their last attempt failed of', async () => {
    const failure = {
      message: "the engine's process ended (SIGKILL)",
      applicationFailureInfo: { type: 'EngineLost' },
    };
    expect((await described({ attempt: 2, lastFailure: failure }))[0]).toMatchObject({
      attempt: 2,
      lastFailure: "EngineLost: the engine's process ended (SIGKILL)",
    });
  });
});
