/**
 * A teacher's stored outputs for one shard, verified before anything is read of them: version,
 * shape, type, bytes and checksum against manifest and request, then each row's range as it is
 * read. Rows are read from a local file, so a shard of any size takes the memory of one batch.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { halfValues } from '../../ced/logits/half';
import {
  NPY_ITEM_BYTES,
  npyTableBytes,
  npyTableHeaderBytes,
  parseNpyTable,
  type NpyTable,
} from '../../ced/npy-table';
import { FormatInvalid } from '../../ced/format-invalid';
import { sigmoid } from '../../ced/teachers/waveform-net';
import { PermanentError } from '../../workflows/contract/failures';
import type { OutputsManifest } from '../../workflows/contract/teacher-worker';
import type { Store } from '../store';
import { isVerified } from '../verified-object';
import type { ExpectedOutputs } from './expected-outputs';
import {
  outputsDamaged,
  quarantineOutputs,
  readOutputsManifest,
  type OutputsOwner,
} from './outputs-manifest';

/** Whether the audio of a row is silent: only then may a worker say the same of every class. */
export type IsSilent = (row: number) => Promise<boolean>;

export class ShardOutputs {
  private constructor(
    private readonly store: Store,
    private readonly file: number,
    private readonly table: NpyTable,
    private readonly expected: ExpectedOutputs,
    private readonly owner: OutputsOwner,
  ) {}

  /** null where they are not there yet. @throws as `require` */
  static async find(
    store: Store,
    expected: ExpectedOutputs,
    owner: OutputsOwner,
  ): Promise<ShardOutputs | null> {
    const manifest = await readOutputsManifest(store, expected, owner);
    if (manifest === null) return null;
    const { data } = expected.place;
    if (!(await isVerified(store, data, manifest.sha256))) {
      await quarantineOutputs(store, expected);
      throw outputsDamaged(store, data, 'damaged or missing', owner);
    }
    const file = openSync(await store.localFile(data, { immutable: true }), 'r');
    try {
      const table = readTable(file, manifest);
      if (typeof table !== 'string') return new ShardOutputs(store, file, table, expected, owner);
      await quarantineOutputs(store, expected);
      throw invalid(owner, table);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /**
   * @throws {StoreDamaged} when they are missing or damaged (and then quarantined): the worker must
   *   predict the shard again
   * @throws {PermanentError} TeacherInvalid or TeacherChanged, naming teacher, shard and fault
   */
  static async require(
    store: Store,
    expected: ExpectedOutputs,
    owner: OutputsOwner,
  ): Promise<ShardOutputs> {
    const found = await ShardOutputs.find(store, expected, owner);
    if (found) return found;
    throw outputsDamaged(store, expected.place.manifest, 'missing', owner);
  }

  /**
   * Of every row; none of the clips is silent.
   * @returns as `probabilities`
   * @throws as `require` and `probabilities`
   */
  static async readAll(
    store: Store,
    expected: ExpectedOutputs,
    owner: OutputsOwner,
  ): Promise<Float32Array> {
    const outputs = await ShardOutputs.require(store, expected, owner);
    try {
      const rows = Array.from({ length: expected.rows }, (_, row) => row);
      return await outputs.probabilities(rows, () => Promise.resolve(false));
    } finally {
      outputs.close();
    }
  }

  /**
   * @param rows numbers of rows
   * @param isSilent null = rows are taken as they are
   * @returns float32 [rows, the teacher's own classes], probabilities
   * @throws {PermanentError} TeacherInvalid for a row that is no output: not finite, outside 0 … 1,
   *   or the same for every class though its audio sounds
   */
  async probabilities(rows: readonly number[], isSilent: IsSilent | null): Promise<Float32Array> {
    const { columns } = this.table;
    const values = new Float32Array(rows.length * columns);
    for (const [at, row] of rows.entries()) {
      const own = values.subarray(at * columns, (at + 1) * columns);
      this.read(row, own);
      const fault = isSilent && (await this.fault(row, own, isSilent));
      if (fault !== null) {
        await quarantineOutputs(this.store, this.expected);
        throw invalid(this.owner, `row ${row}: ${fault}`);
      }
      if (this.expected.output === 'logits')
        for (let c = 0; c < columns; c++) own[c] = sigmoid(own[c]!);
    }
    return values;
  }

  close(): void {
    closeSync(this.file);
  }

  private read(row: number, out: Float32Array): void {
    const { type, columns, dataOffset } = this.table;
    const bytes = new Uint8Array(columns * NPY_ITEM_BYTES[type]);
    const position = dataOffset + row * bytes.length;
    if (readSync(this.file, bytes, 0, bytes.length, position) !== bytes.length)
      throw new Error(`${this.expected.place.data} ends too early`);
    if (type === '<f4') out.set(new Float32Array(bytes.buffer));
    else new Uint16Array(bytes.buffer).forEach((half, c) => (out[c] = halfValues[half]!));
  }

  private async fault(
    row: number,
    values: Float32Array,
    isSilent: IsSilent,
  ): Promise<string | null> {
    const isLogits = this.expected.output === 'logits';
    let equal = values.length > 1;
    for (let c = 0; c < values.length; c++) {
      const value = values[c]!;
      if (!Number.isFinite(value)) return `its output ${c} is ${value}`;
      if (!isLogits && (value < 0 || value > 1))
        return `its output ${c} is ${value}, which is no probability; does it give logits?`;
      equal &&= value === values[0];
    }
    return equal && !(await isSilent(row))
      ? `it gives ${values[0]} for every class, and the chunk is not silent`
      : null;
  }
}

/** @returns what is wrong with the file, if anything */
function readTable(
  file: number,
  { rows, classes, dtype, bytes }: OutputsManifest,
): NpyTable | string {
  const { size } = fstatSync(file);
  const head = new Uint8Array(Math.min(npyTableHeaderBytes, size));
  readSync(file, head, 0, head.length, 0);
  try {
    const table = parseNpyTable(head);
    const type = dtype === 'float32' ? '<f4' : '<f2';
    if (table.type !== type || table.rows !== rows || table.columns !== classes)
      return (
        `its file holds [${table.rows}, ${table.columns}] of ${table.type}, its manifest says ` +
        `[${rows}, ${classes}] of ${type}`
      );
    if (npyTableBytes(table) !== size || bytes !== size)
      return `its file has ${size} bytes, expected ${npyTableBytes(table)}`;
    return table;
  } catch (error) {
    if (error instanceof FormatInvalid) return error.message;
    throw error;
  }
}

function invalid(owner: OutputsOwner, why: string): PermanentError {
  return new PermanentError('TeacherInvalid', `${owner.name}: ${owner.what}: ${why}`);
}
