/**
 * What an engine process and its worker tell each other about the group that a training's members
 * form. One leads it: it validates, writes checkpoints and metrics, and its worker decides which
 * members a generation has.
 */
import type { EngineKind } from '../ced/engine/environment';
import type { Group } from '../ced/engine/group';

/** File descriptor by which a worker ends the groups of its engine process, see the binding. */
export const GROUPS_DESCRIPTOR = 4;

export type FromGroupEngine =
  /**
   * Everything is read, and this engine is in no generation: it waits for one, or for the end. A
   * generation begins at the checkpoint of the leader's `step`, 0 for none.
   */
  | { type: 'ready'; key: string; kind: EngineKind; step: number }
  /** The server of this process for collective operations is there, on its port, to its end. */
  | { type: 'joined' }
  /** From the leader: this epoch is over, with its validation. */
  | { type: 'epoch'; epoch: number }
  /** From the leader: the last step is taken. */
  | { type: 'over' };

export type ToGroupEngine =
  /** Train from the checkpoint at `step`; null, for the leader: alone. */
  | { type: 'generation'; group: Group | null; step: number }
  | { type: 'ended'; generation: number }
  /** To members, as from the leader. */
  | { type: 'epoch'; epoch: number }
  | { type: 'over' }
  /**
   * To the leader: the members change; end the generation at the next checkpoint, which is due at
   * the next step (`now`) or in its own time.
   */
  | { type: 'regroup'; when: 'now' | 'later' };
