/**
 * Decides on a comparison and, if the challenger gains enough, promotes it: copies its model to the
 * champion's folder, then appends one entry to the ledger. That entry is the moment of the change.
 * A retry after a lost reply finds its own entry.
 */
import type {
  ChampionEntry,
  Overtaken,
  PromoteInput,
  Promotion,
} from '../workflows/contract/promotion';
import type { ActivityDependencies } from './dependencies';
import { ChampionLedger, copyModel } from '../storage/champion-ledger';

export async function promoteChallenger(
  deps: ActivityDependencies,
  input: PromoteInput,
): Promise<Promotion | Overtaken> {
  const folder = deps.openStore(input.champion);
  const ledger = await ChampionLedger.read(folder);
  const { challenger, incumbent, comparison } = input;
  const own = ledger.entries.find(
    (each) => each.action === 'promotion' && each.workflowRunId === input.workflowRunId,
  );
  if (own) return promoted(input, own);
  if ((ledger.head?.entry ?? null) !== (incumbent?.entry ?? null)) return { overtaken: true };

  if (comparison.challenger === null)
    return decision(
      input,
      'refused',
      `${challenger.name} is not promoted: eval has no labels, so neither has an mAP`,
    );
  if (incumbent?.sha256 === challenger.sha256)
    return decision(
      input,
      'kept',
      `champion ${incumbent.entry} stays: ${challenger.name} is the very same model`,
    );
  const gain = comparison.champion === null ? null : comparison.challenger - comparison.champion;
  if (incumbent && gain !== null && gain < input.minGain)
    return decision(
      input,
      'kept',
      `champion ${incumbent.entry} stays: ${scores(input)}, a gain of ${signed(gain)}, ` +
        `below minGain = ${input.minGain}`,
    );

  await copyModel(deps.openStore(input.store), folder, challenger.sha256);
  const entry = await ledger.append({
    action: 'promotion',
    student: challenger.name,
    sha256: challenger.sha256,
    parameters: challenger.parameters,
    mAP: comparison.challenger,
    against: incumbent && {
      entry: incumbent.entry,
      sha256: incumbent.sha256,
      mAP: comparison.champion,
    },
    evalSha256: comparison.evalSha256,
    previous: incumbent?.entry ?? null,
    store: input.store,
    run: input.run,
    workflowId: input.workflowId,
    workflowRunId: input.workflowRunId,
    at: new Date().toISOString(),
  });
  return entry === null ? { overtaken: true } : promoted(input, entry);
}

function promoted(input: PromoteInput, { entry }: ChampionEntry): Promotion {
  const says = input.incumbent
    ? `${input.challenger.name} is champion ${entry}: ${scores(input)}`
    : `${input.challenger.name} is champion ${entry}, the first: ` +
      `mAP ${score(input.comparison.challenger)}`;
  return { ...decision(input, 'promoted', says), entry };
}

function decision(
  { challenger, incumbent, comparison, minGain }: PromoteInput,
  outcome: Promotion['outcome'],
  says: string,
): Promotion {
  return {
    outcome,
    student: challenger.name,
    sha256: challenger.sha256,
    mAP: comparison.challenger,
    against: incumbent && {
      entry: incumbent.entry,
      sha256: incumbent.sha256,
      mAP: comparison.champion,
    },
    minGain,
    entry: incumbent?.entry ?? null,
    says,
  };
}

function scores({ challenger, incumbent, comparison }: PromoteInput): string {
  return (
    `${challenger.name} has mAP ${score(comparison.challenger)} on the clips where ` +
    `champion ${incumbent?.entry} has ${score(comparison.champion)}`
  );
}

function score(mAP: number | null): string {
  return mAP === null ? 'none' : mAP.toFixed(3);
}

function signed(gain: number): string {
  return `${gain < 0 ? '−' : '+'}${Math.abs(gain).toFixed(3)}`;
}
