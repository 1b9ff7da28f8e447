/** A teacher's worker with the shards that it is asked for, and our reader of its outputs. */
import { schemaProblems } from '../../workflows/contract/schema-problems';
import {
  predictedShardSchema,
  TEACHER_CONTRACT,
  type PredictedShard,
  type PredictShardInput,
  type TeacherDescription,
} from '../../workflows/contract/teacher-worker';
import { requestedOutputs } from '../../storage/outputs/expected-outputs';
import { outputsRecord, type OutputsOwner } from '../../storage/outputs/outputs-manifest';
import { ShardOutputs } from '../../storage/outputs/shard-outputs';
import { decodeRecord } from '../../storage/record';
import { sha256, type Store } from '../../storage/store';
import { encodeRows, madeAudio, type MadeAudio, type MadeRow } from './made-audio';
import type { TeacherQueue } from './teacher-queue';

/** Where the checks write. */
export interface CheckPlace {
  store: Store;
  /** Its address, as the worker gets it. */
  address: string;
  /** Keys of the checks begin with it. */
  prefix: string;
}

export interface PredictedOutputs {
  /** float32 [rows, classes], probabilities. */
  values: Float32Array;
  predicted: PredictedShard;
  /** That the worker took, by its own manifest. */
  seconds: number;
}

export class CheckedTeacher {
  readonly audio: MadeAudio;

  constructor(
    readonly queue: TeacherQueue,
    readonly place: CheckPlace,
    readonly description: TeacherDescription,
  ) {
    this.audio = madeAudio(description.sampleRate, description.longestSeconds);
  }

  /** Writes audio and rows. @param name of the shard, one for each */
  async shard(name: string, rows: readonly MadeRow[]): Promise<PredictShardInput> {
    const { store, address, prefix } = this.place;
    const { version, weightsSha256, sampleRate } = this.description;
    const table = encodeRows(rows);
    const key = (file: string): string => `${prefix}${file}`;
    await store.create(key('audio.npy'), this.audio.bytes);
    await store.create(key(`${name}.rows.npy`), table);
    return {
      contract: TEACHER_CONTRACT,
      store: address,
      version,
      weightsSha256,
      audio: { key: key('audio.npy'), sha256: sha256(this.audio.bytes), sampleRate },
      rows: { key: key(`${name}.rows.npy`), sha256: sha256(table), count: rows.length },
      output: { data: key(`${name}.npy`), manifest: key(`${name}.json`) },
    };
  }

  /** @throws unless the answer is of the contract and the outputs are as it says */
  async predict(request: PredictShardInput): Promise<PredictedOutputs> {
    const predicted = await this.ask(request);
    const values = await this.read(request);
    const { store } = this.place;
    const key = request.output.manifest;
    const bytes = (await store.read(key))!;
    const manifest = decodeRecord(store, key, outputsRecord, bytes).value;
    for (const field of ['rows', 'bytes', 'sha256'] as const)
      if (predicted[field] !== manifest[field])
        throw new Error(
          `it answered ${field} ${predicted[field]}, its manifest says ${manifest[field]}`,
        );
    return { values, predicted, seconds: manifest.seconds };
  }

  async ask(request: PredictShardInput): Promise<PredictedShard> {
    const answer = await this.queue.call('predictShard', request);
    const parsed = predictedShardSchema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error(`it answered ${schemaProblems(parsed.error, '(answer)').join('; ')}`);
  }

  /** As a run reads them. Every clip of the checks sounds. */
  private async read(request: PredictShardInput): Promise<Float32Array> {
    const { name, weightsSha256, classes } = this.description;
    const teacher = { ...this.description, classes: classes.count };
    const owner: OutputsOwner = {
      name,
      what: 'made shard',
      damage: { kind: 'outputs', teacher: weightsSha256, split: 'train', shard: 0 },
    };
    return await ShardOutputs.readAll(this.place.store, requestedOutputs(request, teacher), owner);
  }
}
