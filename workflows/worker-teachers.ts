/**
 * Teachers of format `worker`: what a run asks of the task queues of others (docs/teachers.md).
 * Everything that such a worker answers is read through a schema, and its failures get the
 * teacher's name.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  patched,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { cpu, teacherOn } from './activity-proxies';
import type { Scored } from './contract/activities';
import type { Damage } from './contract/damage';
import type { EnsembleMember, ScoredReference, Split } from './contract/models';
import { hasMasks, type DistillRun } from './contract/run-file';
import type { LogitsSettings, WorkerTeacher } from './contract/run-file-sections';
import { schemaProblems } from './contract/schema-problems';
import { shortText } from './contract/short-text';
import { teacherCallId, type TeacherCall } from './contract/teacher-call';
import { classListInStore, vocabularyTeacher } from './contract/teacher-vocabulary';
import {
  predictedShardSchema,
  TEACHER_CONTRACT,
  teacherDescriptionSchema,
  type PredictShardInput,
  type WriteRowsInput,
} from './contract/teacher-worker';
import type { PreparedCorpus } from './prepare-corpus';
import { damagesOf, MAX_REPAIRS, withRepair } from './repair';
import type { RunControl } from './run-control';
import { slidingWindow } from './sliding-window';

/** Shards of a split that workers predict for scores at once. */
const SHARDS_IN_FLIGHT = 8;

export class WorkerTeachers {
  private readonly teachers = new Map<string, WorkerTeacher>();
  private readonly descriptions = new Map<string, Promise<unknown>>();

  constructor(
    private readonly control: RunControl,
    private readonly run: DistillRun,
  ) {
    for (const teacher of run.teachers)
      if (teacher.format === 'worker') this.teachers.set(teacher.name, teacher);
  }

  /** Whether a teacher of this name is a worker. */
  has(name: string): boolean {
    return this.teachers.has(name);
  }

  get isEmpty(): boolean {
    return this.teachers.size === 0;
  }

  /**
   * Asks the worker whose classes the run has where it wrote them. An answer that does not say so
   * is refused when the worker is accepted.
   * @returns an address for `accept`
   */
  async classList(): Promise<string> {
    const { vocabulary } = this.run.corpus;
    const teacher = this.teachers.get(vocabularyTeacher(vocabulary) ?? '');
    const answer = teacher && teacherDescriptionSchema.safeParse(await this.describe(teacher));
    return answer?.success ? classListInStore(answer.data.classes.sha256) : vocabulary;
  }

  /**
   * Asks each worker what its teacher is and lets it predict the probe clips, before anything else
   * is spent on the run. Waits for workers that are not there, and says so.
   * @param vocabulary address of the run's classes
   */
  async accept(vocabulary: string): Promise<Map<string, EnsembleMember>> {
    const members = await Promise.all(
      [...this.teachers.values()].map((one) => this.acceptOne(one, vocabulary)),
    );
    return new Map(members.map((member) => [member.name, member]));
  }

  /** Makes the outputs of a shard that are not in the store yet, of all workers at once. */
  async predict(
    corpus: PreparedCorpus,
    of: { split: Split; shard: number; ensemble: EnsembleMember[]; settings?: LogitsSettings },
  ): Promise<void> {
    const input: WriteRowsInput = {
      store: this.run.store,
      planKey: corpus.plan.planKey,
      chunkSeconds: this.run.logits.chunkSeconds,
      ...of,
    };
    const { requests } = await withRepair(() => cpu.writeRows(input), corpus.repair);
    const names = new Map(of.ensemble.map(({ sha256, name }) => [sha256, name]));
    const verify = (): Promise<unknown> =>
      withRepair(() => cpu.writeRows({ ...input, verify: true }), corpus.repair);
    await Promise.all(
      requests.map((request) => {
        const teacher = names.get(request.teacher) ?? '';
        const call: TeacherCall = { teacher, asked: `${of.split} shard ${of.shard}` };
        return this.predictShard(call, request.input, verify);
      }),
    );
  }

  /** As `gpu.scoreModel` for a teacher that is no worker. */
  async score(corpus: PreparedCorpus, split: Split, model: ScoredReference): Promise<Scored> {
    const { chunkSeconds } = this.run.logits;
    const input = {
      store: this.run.store,
      planKey: corpus.plan.planKey,
      split,
      chunkSeconds,
      model,
    };
    const kept = await cpu.scoreOutputs({ ...input, kept: true });
    if (kept) return kept;
    const predict = (shard: number): Promise<void> =>
      this.predict(corpus, { split, shard, ensemble: [{ ...model, weight: 1 }] });
    const count = corpus.finalized[split]?.shards ?? 0;
    await slidingWindow({ from: 0, count, width: SHARDS_IN_FLIGHT }, predict);
    const repair = (damage: Damage): Promise<unknown> =>
      damage.kind === 'outputs' ? predict(damage.shard) : corpus.repair(damage);
    const scored = await withRepair(() => cpu.scoreOutputs(input), repair);
    if (scored) return scored;
    throw ApplicationFailure.retryable(`${model.name} was not scored on ${split}`);
  }

  private async acceptOne(teacher: WorkerTeacher, vocabulary: string): Promise<EnsembleMember> {
    const { store, logits, teachers } = this.run;
    const { member, probe, notes } = await cpu.acceptTeacher({
      store,
      vocabulary,
      field: `teachers[${teachers.indexOf(teacher)}]`,
      teacher,
      description: await this.describe(teacher),
      chunkSeconds: logits.chunkSeconds,
      masked: hasMasks(logits),
      workflowRunId: workflowInfo().runId,
    });
    this.control.note(notes);
    const predict = (): Promise<void> =>
      this.predictShard({ teacher: teacher.name, asked: 'probe clips' }, probe, () =>
        Promise.resolve(),
      );
    await predict();
    await withRepair(() => cpu.checkProbe({ store, teacher: member, probe }), predict);
    return member;
  }

  /** Once for each. */
  private async describe(teacher: WorkerTeacher): Promise<unknown> {
    const asked = this.descriptions.get(teacher.name) ?? this.askWhatItIs(teacher);
    this.descriptions.set(teacher.name, asked);
    return await asked;
  }

  private async askWhatItIs({ name, taskQueue }: WorkerTeacher): Promise<unknown> {
    const { control } = this;
    const input = { contract: TEACHER_CONTRACT, store: this.run.store } as const;
    const call: TeacherCall = { teacher: name, asked: 'description' };
    const waiting =
      `teacher ${name}: no worker on task queue ${taskQueue} answers: none is there, or all ` +
      'are busy with a shard; the run waits. Start one with this --task-queue, or end the run ' +
      `(temporal workflow terminate --workflow-id ${workflowInfo().workflowId}), correct the ` +
      'taskQueue of the run file and start it again';
    const ask = async (): Promise<unknown> => {
      try {
        return await this.on(taskQueue, call).describeSoon(input);
      } catch (error) {
        if (!isUntaken(error)) throw error;
        control.note([waiting]);
        return await this.on(taskQueue, call).describeTeacher(input);
      }
    };
    return await control
      .interruptibly('other', ask)
      .catch((error: unknown) => {
        throw named(call, error);
      })
      .finally(() => control.withdraw(waiting));
  }

  /** @param verify looks after an audio shard or rows that the worker found damaged */
  private async predictShard(
    call: TeacherCall,
    input: PredictShardInput,
    verify: () => Promise<unknown>,
  ): Promise<void> {
    const { taskQueue = '' } = this.teachers.get(call.teacher) ?? {};
    for (let repairs = 0; ; repairs++) {
      try {
        const answer = await this.control.interruptibly('other', () =>
          this.on(taskQueue, call).predictShard(input),
        );
        return checkAnswer(call, input, answer);
      } catch (error) {
        if (damagesOf(error) === null || repairs === MAX_REPAIRS) throw named(call, error);
        await verify();
      }
    }
  }

  /** For one call. Runs of earlier versions go on with numbers as ids. */
  private on(taskQueue: string, call: TeacherCall): ReturnType<typeof teacherOn> {
    const isNamed = patched('ids of calls of teachers');
    return teacherOn(taskQueue, isNamed ? teacherCallId(call, this.control.nextCall()) : undefined);
  }
}

function checkAnswer(call: TeacherCall, { rows }: PredictShardInput, answer: unknown): void {
  const parsed = predictedShardSchema.safeParse(answer);
  const [problem] = parsed.success
    ? parsed.data.rows === rows.count
      ? []
      : [`rows: ${parsed.data.rows}, expected ${rows.count}`]
    : schemaProblems(parsed.error, '(answer)');
  if (problem === undefined) return;
  throw ApplicationFailure.nonRetryable(
    `${subject(call)}: predictShard answered ${problem}`,
    'TeacherInvalid',
  );
}

/** No worker took the task in time. */
function isUntaken(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

function subject({ teacher, asked }: TeacherCall): string {
  return asked === 'description' ? `teacher ${teacher}` : `teacher ${teacher}, ${asked}`;
}

/**
 * The failure of a worker that knows no run, with the name that the run gives its teacher, which is
 * often the worker's own as well.
 */
function named(call: TeacherCall, error: unknown): unknown {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure))
    return error;
  const { type, message } = error.cause;
  const own = `${call.teacher}: `;
  const what = message.startsWith(own) ? message.slice(own.length) : message;
  return ApplicationFailure.nonRetryable(shortText(`${subject(call)}: ${what}`), type ?? undefined);
}
