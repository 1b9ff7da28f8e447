/**
 * Calls the activities of a teacher's worker through a Temporal server, each in a workflow of its
 * own, so failures, heartbeats and cancellations take the way that they take in a run. The
 * workflows run in this process, on a task queue of their own.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { connect } from '../../cli/run/follow';
import { payloadReader } from '../../cli/run/payload-reader';
import { rootFailure } from '../../cli/temporal-failure';
import { dataConverter } from '../../workers/payloads/data-converter';
import type { TemporalSettings } from '../../workers/temporal-settings';
import type { TeacherActivities } from '../../workflows/contract/teacher-worker';
import type { ActivityCall } from './call-activity';

const POLL_MS = 100;

export interface CallOptions {
  /** @default null: none is required */
  heartbeatSeconds?: number | null;
}

export class TeacherQueue {
  private constructor(
    /** The teacher's. */
    readonly name: string,
    readonly limitSeconds: number,
    private readonly client: Client,
    private readonly own: string,
    private readonly closeAll: () => Promise<void>,
  ) {}

  /** @param limitSeconds from the request to the answer of each call */
  static async open(
    settings: TemporalSettings,
    name: string,
    limitSeconds: number,
  ): Promise<TeacherQueue> {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const { client, close } = await connect(settings);
    const own = `teacher-check-${randomUUID()}`;
    const connection = await NativeConnection.connect(settings.connection);
    const worker = await Worker.create({
      connection,
      namespace: settings.namespace,
      taskQueue: own,
      workflowsPath: require.resolve('./call-activity'),
      ...(await dataConverter(process.env)),
    });
    const running = worker.run();
    return new TeacherQueue(name, limitSeconds, client, own, async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await close();
    });
  }

  async call(activity: keyof TeacherActivities, input: unknown): Promise<unknown> {
    return await (await this.start(activity, input)).result();
  }

  async start(
    activity: keyof TeacherActivities,
    input: unknown,
    { heartbeatSeconds = null }: CallOptions = {},
  ): Promise<StartedCall> {
    const { name: taskQueue, limitSeconds } = this;
    const call: ActivityCall = { taskQueue, activity, input, limitSeconds, heartbeatSeconds };
    const handle = await this.client.workflow.start('callActivity', {
      taskQueue: this.own,
      workflowId: `teacher-check-${activity}-${randomUUID()}`,
      workflowExecutionTimeout: `${limitSeconds + 60} seconds`,
      args: [call],
    });
    return new StartedCall(handle, this.client, call);
  }

  async close(): Promise<void> {
    await this.closeAll();
  }
}

export class StartedCall {
  constructor(
    private readonly handle: WorkflowHandle,
    private readonly client: Client,
    private readonly asked: ActivityCall,
  ) {}

  /** @throws the activity's failure, without what the server and the client wrap around it */
  async result(): Promise<unknown> {
    try {
      return await this.handle.result();
    } catch (error) {
      const failure = rootFailure(error);
      if (failure instanceof TimeoutFailure) throw new Error(this.late(failure.timeoutType));
      throw failure;
    }
  }

  /**
   * Details of the first such heartbeat that the server shows; null when the call ended before.
   * @param isWanted gets the details
   */
  async heartbeat(isWanted: (details: unknown) => boolean): Promise<{ details: unknown } | null> {
    const read = payloadReader(this.client);
    for (;;) {
      const { status, raw } = await this.handle.describe();
      if (status.name !== 'RUNNING') return null;
      const payload = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
      if (payload) {
        const details = await read(payload);
        if (isWanted(details)) return { details };
      }
      await sleep(POLL_MS);
    }
  }

  async cancel(): Promise<void> {
    await this.handle.cancel();
  }

  private late(timeout: TimeoutFailure['timeoutType']): string {
    const { taskQueue, activity, limitSeconds, heartbeatSeconds } = this.asked;
    if (timeout === 'HEARTBEAT') return `${activity}: no heartbeat for ${heartbeatSeconds} s`;
    return (
      `${activity}: no answer from task queue ${taskQueue} within ${limitSeconds} s: no worker ` +
      'is there, all are busy, or it needs a higher --limit'
    );
  }
}
