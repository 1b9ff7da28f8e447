/**
 * A group of engine processes that compute together by TensorFlow's collective operations. It is
 * formed anew, as another generation, whenever its members change: every member is given the same
 * list, and any that cannot reach another one leaves with `GroupLost`.
 */
import { bytesField, integerField, message, stringField } from './protobuf';

export interface GroupMember {
  /** Of the process as long as it lives; indices may have gaps. */
  readonly index: number;
  /** Where its server listens from the first group on: an IPv4 address of its own. */
  readonly host: string;
  readonly port: number;
}

export interface Group {
  /** Counts up; no two groups of a process have the same. */
  readonly generation: number;
  readonly members: readonly GroupMember[];
  /** Index of this process among them. */
  readonly self: number;
  /**
   * After so long a collective fails where some member did not come to it: the last resort, if
   * nothing ends the group. Longer than the slowest step of any member.
   */
  readonly timeoutSeconds: number;
}

/** A collective failed or was ended. The next group starts from the newest checkpoint. */
export class GroupLost extends Error {
  override readonly name = 'GroupLost';
  readonly code = 'GroupLost';
  constructor(
    readonly generation: number,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`group ${generation} ended: ${why}`, { cause });
  }
}

/** Members in the order of their ranks: TensorFlow sorts the names of devices as text. */
export function ranked({ members }: Group): readonly GroupMember[] {
  return [...members].sort((a, b) => (String(a.index) < String(b.index) ? -1 : 1));
}

/** @throws RangeError if this process is no member */
export function rankOf(group: Group): number {
  const rank = ranked(group).findIndex(({ index }) => index === group.self);
  if (rank < 0) throw new RangeError(`${group.self} is no member of group ${group.generation}`);
  return rank;
}

/**
 * A serialized ServerDef, as every member must give it, but for its own task. The first rank leads.
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensorflow_server.proto
 */
export function serverDef(group: Group): Uint8Array {
  const job = 'worker';
  const tasks = group.members.map(({ index, host, port }) =>
    bytesField(2, message(integerField(1, index), stringField(2, `${host}:${port}`))),
  );
  const leader = `/job:${job}/replica:0/task:${ranked(group)[0]?.index}`;
  const configuration = bytesField(16, message(stringField(1, leader)));
  return message(
    bytesField(1, message(bytesField(1, message(stringField(1, job), ...tasks)))),
    stringField(2, job),
    integerField(3, group.self),
    bytesField(4, configuration),
    stringField(5, 'grpc'),
  );
}
