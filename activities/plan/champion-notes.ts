/** Looks at the champion that students will start from, before anything is spent on them. */
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { ChampionLedger } from '../../storage/champion-ledger';
import { layout } from '../../storage/layout';
import { modelConfigRecord } from '../../storage/models/model-folder';
import { readRecordIfPresent } from '../../storage/record';
import type { ImportModelsInput } from '../../workflows/contract/activities';
import type { ActivityDependencies } from '../dependencies';
import { startingNotes } from './starting-notes';

/**
 * @returns as `startingNotes`; empty while there is no champion
 * @throws {PermanentError} as `startingNotes`
 */
export async function championNotes(
  { openStore }: Pick<ActivityDependencies, 'openStore'>,
  vocabulary: Vocabulary,
  { place, students }: NonNullable<ImportModelsInput['champion']>,
  chunkSeconds: number | undefined,
): Promise<string[]> {
  const folder = openStore(place);
  const { head } = await ChampionLedger.read(folder);
  if (!head) return [];
  const key = layout.modelConfig(head.sha256);
  const config = await readRecordIfPresent(folder, key, modelConfigRecord);
  // A champion without files is refused with its remedy where its weights are copied.
  if (config === null) return [];
  return students.flatMap(({ field, model }) =>
    startingNotes(
      config,
      vocabulary,
      { field, model, checkpoint: `champion ${head.entry}` },
      chunkSeconds,
    ),
  );
}
