/**
 * The checks of `npm run teacher-check`, in order. Each asks a teacher's worker for something that
 * the contract describes (docs/teachers.md) and compares what it does.
 */
import { ApplicationFailure } from '@temporalio/common';
import { readClasses, readDescription } from '../../activities/accept-teacher';
import { describeFailure } from '../../cli/failure';
import { TEACHER_CONTRACT, type PredictShardInput } from '../../workflows/contract/teacher-worker';
import { sha256 } from '../../storage/store';
import { CheckedTeacher, type CheckPlace, type PredictedOutputs } from './checked-teacher';
import { LongShard } from './long-shard';
import type { MadeRow } from './made-audio';
import type { TeacherQueue } from './teacher-queue';

export interface Outcome {
  name: string;
  passed: boolean;
  /** What was seen. */
  why: string;
}

/** Of a probability. */
const LARGEST_DIFFERENCE = 1e-3;
/** Names the worker in messages. */
const FIELD = 'worker';
const VIEWS_OF_A_CLIP = 2;

export class Conformance {
  private described: CheckedTeacher | null = null;
  private predicted: (PredictedOutputs & { request: PredictShardInput }) | null = null;
  private long: LongShard | null = null;

  constructor(
    private readonly queue: TeacherQueue,
    private readonly place: CheckPlace,
  ) {}

  /** Ends early where nothing further can be asked. */
  async *run(): AsyncGenerator<Outcome> {
    yield await outcome('describe', () => this.describe());
    if (this.described === null) return;
    const teacher = this.described;
    yield await outcome('classes', () => this.classes(teacher));
    yield await outcome('predict', () => this.predict(teacher));
    if (this.predicted !== null) {
      const first = this.predicted;
      this.long = new LongShard(teacher, first.predicted.rows / Math.max(0.01, first.seconds));
      yield await outcome('parts', () => this.parts(first.request));
      yield await outcome('shift', () => Promise.resolve(this.shift(teacher, first.values)));
      yield await outcome('batch', () => this.batch(teacher, first.values));
      yield await outcome('reuse', () => this.reuse(teacher, first));
    }
    yield* this.refusals(teacher);
    if (this.long === null) return;
    const { long } = this;
    yield await outcome('heartbeat', () => long.heartbeat());
    yield await outcome('cancel', () => long.cancel());
  }

  private async describe(): Promise<string> {
    const { queue, place } = this;
    const input = { contract: TEACHER_CONTRACT, store: place.address };
    const description = readDescription({
      field: FIELD,
      teacher: { taskQueue: queue.name },
      description: await queue.call('describeTeacher', input),
    });
    this.described = new CheckedTeacher(queue, place, description);
    const { name, version, sampleRate, output } = description;
    return `${name} version ${version}, ${sampleRate} Hz, ${output}`;
  }

  private async classes({ description, place }: CheckedTeacher): Promise<string> {
    const classes = await readClasses(place.store, FIELD, description);
    return `${classes.length} in ${description.classes.key}`;
  }

  /** Of each clip a row as it is and a shifted one, then each clip that is already shifted. */
  private async predict(teacher: CheckedTeacher): Promise<string> {
    const { clips } = teacher.audio;
    const rows = clips.flatMap(({ offset, samples, shift }, clip): MadeRow[] =>
      [0, shift].map((by, view) => ({ clip, view, offset, samples, shift: by })),
    );
    const shifted = clips.map((clip, index) => ({
      ...{ clip: clips.length + index, view: 0 },
      ...{ ...clip.shifted, shift: 0 },
    }));
    const request = await teacher.shard('first', [...rows, ...shifted]);
    const outputs = await teacher.predict(request);
    if (outputs.predicted.reused) throw new Error('it answered reused for a new shard');
    this.predicted = { ...outputs, request };
    return `${request.rows.count} rows, ${outputs.seconds.toFixed(2)} s`;
  }

  private async parts({ output }: PredictShardInput): Promise<string> {
    const left = await this.place.store.list(`${output.data}.part/`);
    if (left.length === 0) return 'none are left after the manifest';
    throw new Error(`${left[0]} is left after the manifest`);
  }

  private shift(teacher: CheckedTeacher, values: Float32Array): string {
    const { clips } = teacher.audio;
    const pairs = clips.map(({ shift }, clip) => ({
      rows: [VIEWS_OF_A_CLIP * clip + 1, VIEWS_OF_A_CLIP * clips.length + clip] as const,
      what: `clip ${clip} by ${shift} samples`,
    }));
    return this.sameRows(teacher, values, values, pairs, 'and the clip that is already shifted');
  }

  /** The same rows in other batches: the short clip first, and other neighbours. */
  private async batch(teacher: CheckedTeacher, values: Float32Array): Promise<string> {
    const { clips } = teacher.audio;
    const reversed = clips.map((place, clip) => ({ place, clip })).reverse();
    // All but the first once more: their number is no multiple of the batch before.
    const order = [...reversed, ...reversed.slice(1)];
    const rows = order.map(({ place: { offset, samples } }, clip) => ({
      ...{ clip, view: 0, offset, samples, shift: 0 },
    }));
    const again = await teacher.predict(await teacher.shard('batch', rows));
    const pairs = order.map(({ clip }, row) => ({
      rows: [VIEWS_OF_A_CLIP * clip, row] as const,
      what: `clip ${clip}`,
    }));
    return this.sameRows(teacher, values, again.values, pairs, 'and the same in another batch');
  }

  private sameRows(
    { description }: CheckedTeacher,
    left: Float32Array,
    right: Float32Array,
    pairs: readonly { rows: readonly [number, number]; what: string }[],
    than: string,
  ): string {
    const { count } = description.classes;
    let largest = 0;
    for (const { rows, what } of pairs) {
      const [a, b] = rows;
      for (let c = 0; c < count; c++) {
        const apart = Math.abs(left[a * count + c]! - right[b * count + c]!);
        if (apart > LARGEST_DIFFERENCE)
          throw new Error(
            `${what} ${than} differ by ${apart.toPrecision(2)} in class ${c}, at most ` +
              `${LARGEST_DIFFERENCE} is expected`,
          );
        largest = Math.max(largest, apart);
      }
    }
    return `${pairs.length} rows differ by ${largest.toPrecision(2)} at most`;
  }

  private async reuse(
    teacher: CheckedTeacher,
    { request, predicted }: NonNullable<Conformance['predicted']>,
  ): Promise<string> {
    const again = await teacher.ask(request);
    if (!again.reused) throw new Error('the second call did not answer reused');
    if (again.sha256 !== predicted.sha256)
      throw new Error(`the second call answered SHA-256 ${again.sha256}, not ${predicted.sha256}`);
    return again.sha256.slice(0, 12);
  }

  private async *refusals(teacher: CheckedTeacher): AsyncGenerator<Outcome> {
    const { store, prefix } = teacher.place;
    const { offset, samples } = teacher.audio.clips[0]!;
    const request = await teacher.shard('refused', [
      { clip: 0, view: 0, offset, samples, shift: 0 },
    ]);
    const refused = (name: string, type: string, change: object, damaged?: string) =>
      outcome(name, () => this.refusal({ ...request, ...change }, type, damaged));
    const version = `${request.version}-other`.slice(-200);
    yield await refused('version', 'TeacherChanged', { version });
    yield await refused('weights', 'TeacherChanged', { weightsSha256: sha256('other weights') });
    for (const kind of ['audio', 'rows'] as const) {
      const bytes = Uint8Array.from((await store.read(request[kind].key))!);
      bytes[bytes.length - 1]! ^= 1;
      const key = `${prefix}damaged-${kind}.npy`;
      await store.create(key, bytes);
      const change = { [kind]: { ...request[kind], key } };
      yield await refused(`damaged ${kind}`, 'StoreDamaged', change, kind);
    }
    yield await refused('contract', 'ContractUnknown', { contract: TEACHER_CONTRACT + 1 });
  }

  private async refusal(
    request: PredictShardInput,
    type: string,
    damaged: string | undefined,
  ): Promise<string> {
    const error: unknown = await this.queue.call('predictShard', request).then(
      () => new Error(`it predicted the shard, expected ${type}`),
      (failure: unknown) => failure,
    );
    if (!(error instanceof ApplicationFailure)) throw error;
    if (error.type !== type)
      throw new Error(`it failed with ${error.type}: ${error.message}; expected ${type}`);
    const found: unknown = error.details?.[0];
    const isNamed =
      damaged === undefined ||
      (Array.isArray(found) && found.some((one: { kind?: unknown }) => one?.kind === damaged));
    if (isNamed) return `refused as ${type}`;
    throw new Error(
      `${type} has the details ${JSON.stringify(found)}, expected [{ kind: "${damaged}", key }]`,
    );
  }
}

async function outcome(name: string, check: () => Promise<string>): Promise<Outcome> {
  try {
    return { name, passed: true, why: await check() };
  } catch (error) {
    return { name, passed: false, why: describeFailure(error) };
  }
}
