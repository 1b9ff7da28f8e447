/**
 * A minimal worker of the contract, in TypeScript: the reference teacher of
 * `test/reference/teacher-worker/`. A part is one batch; a second attempt goes on behind the parts
 * of the first.
 */
import { parseNpyInt16Header, samplesFromBytes } from '../../ced/audio/npy';
import { toHalf } from '../../ced/logits/half';
import { npyTableHeader, parseNpyTable } from '../../ced/npy-table';
import type { VocabularyClass } from '../../ced/teachers/vocabulary';

import {
  TEACHER_CONTRACT,
  type OutputsManifest,
  type PredictedShard,
  type PredictShardInput,
  type TeacherDescription,
} from '../../workflows/contract/teacher-worker';
import { ContentDiffers, sha256, type Store } from '../../storage/store';
import { referenceRow } from './teacher-worker-files';

/** A failure with the type that it has on the wire. */
export class TeacherFailure extends Error {
  constructor(
    readonly type: 'TeacherChanged' | 'ContractUnknown' | 'StoreDamaged',
    message: string,
    readonly details: unknown[] = [],
  ) {
    super(message);
  }
}

export interface ReferenceOptions {
  classes: readonly VocabularyClass[];
  version?: string;
  /** Hz. @default 16000 */
  sampleRate?: number;
  /** Changes what it says without changing its version. */
  bias?: number;
  output?: 'probabilities' | 'logits';
  dtype?: 'float32' | 'float16';
  batchRows?: number;
  /** Predicts every row unshifted. */
  ignoresShifts?: boolean;
  /** Replaces a row's outputs. */
  spoil?: (row: number, outputs: number[]) => number[];
}

interface Attempt {
  /** Called after each batch; throws to cancel. */
  afterBatch?: (done: number, total: number) => void | Promise<void>;
}

const ROW_WIDTH = 10;

export class ReferenceTeacher {
  /** Rows that it computed. */
  predicted = 0;

  constructor(private readonly options: ReferenceOptions) {}

  get weightsSha256(): string {
    return sha256('the reference teacher has no weights');
  }

  async describe(store: Store): Promise<TeacherDescription> {
    const { classes, version = '1', output = 'probabilities', sampleRate = 16_000 } = this.options;
    const list = Buffer.from(JSON.stringify(classes.map(({ mid, name }) => ({ mid, name }))));
    const hash = sha256(list);
    const key = `teachers/classes/${hash}.json`;
    await store.create(key, list);
    return {
      contract: TEACHER_CONTRACT,
      name: 'reference',
      version,
      weightsSha256: this.weightsSha256,
      parameters: null,
      classes: { key, sha256: hash, count: classes.length },
      sampleRate,
      longestSeconds: null,
      output,
      masks: false,
    };
  }

  async predict(
    store: Store,
    input: PredictShardInput,
    { afterBatch = () => undefined }: Attempt = {},
  ): Promise<PredictedShard> {
    const { version = '1', output = 'probabilities', dtype = 'float32' } = this.options;
    if ((input.contract as number) !== TEACHER_CONTRACT)
      throw new TeacherFailure('ContractUnknown', `contract ${String(input.contract)}`);
    if (input.version !== version || input.weightsSha256 !== this.weightsSha256)
      throw new TeacherFailure('TeacherChanged', `this is version ${version}`);
    const present = await store.read(input.output.manifest);
    if (present) {
      const { rows, bytes, sha256: hash } = JSON.parse(String(present)) as OutputsManifest;
      return { rows, bytes, sha256: hash, reused: true };
    }
    const startedMs = performance.now();
    const audio = samplesOf(await verified(store, 'audio', input.audio));
    const rows = rowsOf(await verified(store, 'rows', input.rows));
    const data = await this.outputs(store, input, audio, rows, afterBatch);
    await store.create(input.output.data, data).catch(async (error: unknown) => {
      if (!(error instanceof ContentDiffers)) throw error;
      await store.remove(input.output.data);
      await store.create(input.output.data, data);
    });
    const manifest: OutputsManifest = {
      contract: TEACHER_CONTRACT,
      version,
      weightsSha256: this.weightsSha256,
      audio: input.audio.sha256,
      rowsSha256: input.rows.sha256,
      rows: rows.length,
      classes: this.options.classes.length,
      dtype,
      output,
      bytes: data.length,
      sha256: sha256(data),
      seconds: (performance.now() - startedMs) / 1000,
    };
    await store.create(input.output.manifest, Buffer.from(JSON.stringify(manifest)));
    for (const part of await store.list(`${input.output.data}.part/`)) await store.remove(part);
    return { rows: rows.length, bytes: data.length, sha256: manifest.sha256, reused: false };
  }

  private async outputs(
    store: Store,
    { output }: PredictShardInput,
    audio: Int16Array,
    rows: readonly number[][],
    afterBatch: NonNullable<Attempt['afterBatch']>,
  ): Promise<Uint8Array> {
    const { classes, batchRows = 16, dtype = 'float32' } = this.options;
    const parts: Uint8Array[] = [];
    for (let from = 0; from < rows.length; from += batchRows) {
      const to = Math.min(rows.length, from + batchRows);
      const nine = (row: number): string => String(row).padStart(9, '0');
      const key = `${output.data}.part/${nine(from)}-${nine(to)}.npy`;
      const stored = await store.read(key);
      const part = stored ?? this.batch(audio, rows, from, to);
      if (!stored) await store.create(key, part);
      parts.push(part);
      await afterBatch(to, rows.length);
    }
    const type = dtype === 'float32' ? '<f4' : '<f2';
    return Buffer.concat([npyTableHeader(type, rows.length, classes.length), ...parts]);
  }

  private batch(
    audio: Int16Array,
    rows: readonly number[][],
    from: number,
    to: number,
  ): Uint8Array {
    const { classes, bias = 0, output, dtype, spoil, ignoresShifts } = this.options;
    const values = new Float32Array((to - from) * classes.length);
    for (let row = from; row < to; row++) {
      const [, , , offset = 0, samples = 0, drawn = 0] = rows[row]!;
      const place = [offset, samples, ignoresShifts ? 0 : drawn] as const;
      let own = referenceRow(audio, place, classes.length);
      own = own.map((value) => value * (1 - bias) + bias);
      if (output === 'logits') own = own.map((value) => 8 * value - 4);
      values.set(spoil?.(row, own) ?? own, (row - from) * classes.length);
      this.predicted++;
    }
    if (dtype !== 'float16') return new Uint8Array(values.buffer);
    return new Uint8Array(Uint16Array.from(values, toHalf).buffer);
  }
}

async function verified(
  store: Store,
  kind: 'audio' | 'rows',
  { key, sha256: expected }: { key: string; sha256: string },
): Promise<Uint8Array> {
  const bytes = await store.read(key);
  if (bytes && sha256(bytes) === expected) return bytes;
  throw new TeacherFailure('StoreDamaged', `${key} is damaged`, [[{ kind, key }]]);
}

function samplesOf(bytes: Uint8Array): Int16Array {
  const { dataOffset } = parseNpyInt16Header(bytes.subarray(0, 1024));
  return samplesFromBytes(Uint8Array.from(bytes.subarray(dataOffset)));
}

function rowsOf(bytes: Uint8Array): number[][] {
  const { rows, dataOffset } = parseNpyTable(bytes);
  const numbers = new BigInt64Array(Uint8Array.from(bytes.subarray(dataOffset)).buffer);
  return Array.from({ length: rows }, (_, row) =>
    Array.from(numbers.subarray(row * ROW_WIDTH, (row + 1) * ROW_WIDTH), Number),
  );
}
