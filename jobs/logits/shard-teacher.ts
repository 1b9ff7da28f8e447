/**
 * The teachers of an ensemble for one shard. Each predicts the shard here, or its outputs are in
 * the store already: a worker's always, another's where an earlier run kept them.
 */
import { missingClasses } from '../../ced/teachers/class-map';
import { predictionOf, type Prediction } from '../../ced/teachers/prediction';
import type { CorpusClips } from '../../ced/corpus/corpus-clip';
import type { PredictionInput } from '../../ced/model/prediction-input';
import { npyTableHeader } from '../../ced/npy-table';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import type { LogitsInput } from '../../workflows/contract/activities';
import type { EnsembleMember } from '../../workflows/contract/models';
import type { LogitsSettings } from '../../workflows/contract/run-file-sections';
import { TEACHER_CONTRACT, type OutputsManifest } from '../../workflows/contract/teacher-worker';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import {
  abstention,
  teacherIdentity,
  type TeacherIdentity,
} from '../../storage/models/teacher-identity';
import { readWorkerManifest, type WorkerManifest } from '../../storage/models/worker-folder';
import {
  expectedOutputs,
  workerOutputs,
  type ExpectedOutputs,
  type OutputsTeacher,
} from '../../storage/outputs/expected-outputs';
import { outputsRecord, shardOwner } from '../../storage/outputs/outputs-manifest';
import { ShardOutputs, type IsSilent } from '../../storage/outputs/shard-outputs';
import { createAnew, createRecordOrAdopt } from '../../storage/quarantine';
import { sha256, type Store } from '../../storage/store';
import { groupingFor } from '../chunk-batches';
import type { JobContext } from '../job-context';
import type { MappedModel } from '../mapped-model';
import { namingTeacher } from '../teacher-fault';

/** A teacher of the ensemble as it was loaded. */
export interface LoadedTeacher {
  member: EnsembleMember;
  identity: TeacherIdentity;
  /** The model, or what the worker that has it said of it. */
  source: { model: MappedModel } | { worker: WorkerManifest };
}

export async function loadTeacher(
  context: JobContext,
  member: EnsembleMember,
  { precision }: Pick<LogitsSettings, 'precision'>,
  { vocabulary }: Pick<CorpusAudio, 'vocabulary'>,
): Promise<LoadedTeacher> {
  const { name, sha256: model } = member;
  const missing = abstention(member);
  const worker = await readWorkerManifest(context.store, model);
  if (worker) {
    const reading = teacherIdentity(context.store, model, vocabulary, missing);
    return { member, identity: await namingTeacher(name, reading), source: { worker } };
  }
  const loaded = await namingTeacher(name, context.teacher(model, precision, vocabulary, missing));
  const { map, frontEnd } = loaded;
  return { member, identity: { map, frontEnd }, source: { model: loaded } };
}

export class ShardTeacher {
  private constructor(
    private readonly loaded: LoadedTeacher,
    private readonly outputs: ShardOutputs | null,
    private readonly kept: KeptOutputs | null,
  ) {}

  get name(): string {
    return this.loaded.member.name;
  }

  get weight(): number {
    return this.loaded.member.weight;
  }

  /** The run's classes that it lacks. */
  get missing(): readonly number[] {
    return missingClasses(this.loaded.identity.map);
  }

  /** Whether a person said what kind of outputs it gives. */
  get isDeclared(): boolean {
    const { source, identity } = this.loaded;
    return 'worker' in source
      ? source.worker.output === 'logits'
      : identity.frontEnd === 'waveform';
  }

  /** The model that predicts the shard; null where its outputs are in the store. */
  get predicting(): MappedModel | null {
    return this.outputs === null && 'model' in this.loaded.source ? this.loaded.source.model : null;
  }

  /**
   * @param corpus of the shard alone
   * @throws {StoreDamaged} naming every worker whose outputs of the shard are missing or damaged
   */
  static async all(
    store: Store,
    loaded: readonly LoadedTeacher[],
    { planKey, shard, settings }: LogitsInput,
    corpus: CorpusClips,
  ): Promise<ShardTeacher[]> {
    const at = { planKey, split: 'train' as const, shard };
    const models = modelsOf(loaded);
    const teachers: ShardTeacher[] = [];
    const damages: Damage[] = [];
    const messages: string[] = [];
    for (const each of loaded) {
      const teacher = outputsTeacher(each, settings.precision, groupingFor(models));
      const isKept = 'worker' in each.source || settings.keepOutputs === true;
      const expected = isKept ? await expectedOutputs(store, teacher, corpus, at, settings) : null;
      try {
        teachers.push(await ShardTeacher.open(store, each, shard, expected));
      } catch (error) {
        if (!(error instanceof StoreDamaged)) throw error;
        damages.push(...error.damages);
        messages.push(error.message);
      }
    }
    if (damages.length === 0) return teachers;
    for (const teacher of teachers) teacher.close();
    throw new StoreDamaged(damages, messages.join('; '));
  }

  private static async open(
    store: Store,
    loaded: LoadedTeacher,
    shard: number,
    expected: ExpectedOutputs | null,
  ): Promise<ShardTeacher> {
    if (expected === null) return new ShardTeacher(loaded, null, null);
    const owner = shardOwner(loaded.member, 'train', shard);
    if ('worker' in loaded.source)
      return new ShardTeacher(loaded, await ShardOutputs.require(store, expected, owner), null);
    // Predicted here, damaged outputs are predicted again at once.
    const stored = await ShardOutputs.find(store, expected, owner).catch((error: unknown) => {
      if (error instanceof StoreDamaged) return null;
      throw error;
    });
    return new ShardTeacher(loaded, stored, stored ? null : new KeptOutputs(store, expected));
  }

  /**
   * @param rows numbers of the rows of a batch
   * @param inputs of the batch by sample rate, for one that predicts
   */
  async predict(
    rows: readonly number[],
    inputs: ReadonlyMap<number, PredictionInput>,
    isSilent: IsSilent,
  ): Promise<Prediction> {
    const own = await namingTeacher(this.name, this.own(rows, inputs, isSilent));
    this.kept?.set(rows, own);
    return predictionOf(own, rows.length, this.loaded.identity.map);
  }

  /** Of rows whose outputs are in the store; they are looked at when they are merged. */
  async stored(rows: readonly number[]): Promise<Prediction> {
    const own = (await this.outputs?.probabilities(rows, null)) ?? new Float32Array();
    return predictionOf(own, rows.length, this.loaded.identity.map);
  }

  /** Commits the outputs of all rows, if they are to be kept. */
  async keep(seconds: number): Promise<void> {
    await this.kept?.commit(seconds);
  }

  close(): void {
    this.outputs?.close();
  }

  private async own(
    rows: readonly number[],
    inputs: ReadonlyMap<number, PredictionInput>,
    isSilent: IsSilent,
  ): Promise<Float32Array> {
    const { source } = this.loaded;
    // A model of ours may say nothing of a chunk: that is left out.
    if (this.outputs)
      return await this.outputs.probabilities(rows, 'worker' in source ? isSilent : null);
    const input = 'model' in source && inputs.get(source.model.sampleRate);
    if (input) return await source.model.own(input);
    throw new Error(`${this.name} has neither outputs nor samples`);
  }
}

export function modelsOf(loaded: readonly LoadedTeacher[]): MappedModel[] {
  return loaded.flatMap(({ source }) => ('model' in source ? [source.model] : []));
}

/**
 * Version of the outputs that our engine keeps. Raise it when a model of ours gives other numbers
 * for the same rows.
 */
const OWN_VERSION = 'ced 1';

function outputsTeacher(
  { member, source, identity }: LoadedTeacher,
  precision: string,
  grouping: string,
): OutputsTeacher {
  if ('worker' in source) return workerOutputs(source.worker);
  return {
    key: member.sha256,
    version: OWN_VERSION,
    weightsSha256: member.sha256,
    sampleRate: source.model.sampleRate,
    output: 'probabilities',
    classes: source.model.outputs,
    masks: identity.frontEnd === 'log-mel',
    // Which rows share a batch decides last bits.
    settings: { precision, grouping },
  };
}

/** The outputs of a model of ours while its shard is predicted, in rows as the worker's are. */
class KeptOutputs {
  private readonly values: Float32Array;

  constructor(
    private readonly store: Store,
    private readonly expected: ExpectedOutputs,
  ) {
    this.values = new Float32Array(expected.rows * expected.classes);
  }

  /** @param own [rows, own classes] */
  set(rows: readonly number[], own: Float32Array): void {
    const { classes } = this.expected;
    rows.forEach((row, at) =>
      this.values.set(own.subarray(at * classes, (at + 1) * classes), row * classes),
    );
  }

  /** Data first, manifest last. Float32, so that logits made of them are the same logits. */
  async commit(seconds: number): Promise<void> {
    const { store, expected, values } = this;
    // Another machine was first.
    if (await store.exists(expected.place.manifest)) return;
    const { rows, classes, version, weightsSha256, output, rowsSha256 } = expected;
    const data = Buffer.concat([
      npyTableHeader('<f4', rows, classes),
      new Uint8Array(values.buffer),
    ]);
    await createAnew(store, expected.place.data, data);
    const manifest: OutputsManifest = {
      contract: TEACHER_CONTRACT,
      ...{ version, weightsSha256, audio: expected.audio.sha256, rowsSha256, rows, classes },
      ...{ dtype: 'float32', output, bytes: data.length, sha256: sha256(data), seconds },
    };
    await createRecordOrAdopt(store, expected.place.manifest, outputsRecord, manifest);
  }
}
