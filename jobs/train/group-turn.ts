/** How a process trains between two changes of its group: one generation, or alone. */
import type { Engine } from '../../ced/engine/engine';
import type { Group } from '../../ced/engine/group';
import { Trainer, type TrainerState } from '../../ced/training/trainer';
import type { Weights } from '../../ced/model/weights';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { GroupLink } from './group-link';
import type { Training } from './training-steps';

export class GroupTurn {
  /**
   * @param link null where no other worker may take part
   * @param group null for a process alone
   */
  constructor(
    readonly link: GroupLink | null,
    readonly group: Group | null,
  ) {}

  /** Of reports of progress. */
  get shown(): Pick<LiveProgress, 'group'> {
    const { group } = this;
    return group === null
      ? {}
      : { group: { generation: group.generation, members: group.members.length } };
  }

  /** A member's wait for the leader after an epoch, see `GroupLink.epochOver`. */
  async epochOver(epoch: number): Promise<'next' | 'over' | 'lost'> {
    const { link, group } = this;
    if (link === null || group === null) throw new Error('this process is in no group');
    return await link.epochOver(epoch, group.generation);
  }

  /** Joins the group. @throws {GroupLost} */
  begin(engine: Engine, { config, settings }: Training, initial: TrainerState | Weights): Trainer {
    if (this.group !== null) {
      engine.joinGroup(this.group);
      this.link?.tell({ type: 'joined' });
    }
    return new Trainer(engine, config, initial, settings, this.group);
  }
}
