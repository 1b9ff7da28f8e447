/**
 * Finds the present champion and copies its weights into the run's store, the only one that GPU
 * workers read.
 */
import type { Champion, FindChampionInput } from '../workflows/contract/promotion';
import type { ActivityDependencies } from './dependencies';
import { ChampionLedger, copyModel } from '../storage/champion-ledger';

/**
 * @returns null while there is no champion.
 * @throws {PermanentError} CheckpointIncompatible when its weights are damaged
 */
export async function findChampion(
  deps: ActivityDependencies,
  input: FindChampionInput,
): Promise<Champion | null> {
  const folder = deps.openStore(input.champion);
  const { head } = await ChampionLedger.read(folder);
  if (!head) return null;
  await copyModel(folder, deps.openStore(input.store), head.sha256);
  return {
    entry: head.entry,
    name: `champion ${head.entry}`,
    sha256: head.sha256,
    parameters: head.parameters,
  };
}
