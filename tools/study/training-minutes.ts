/**
 * How long a model was trained, by what its training says of itself: a run that found it trained
 * took no time, and one that was interrupted took the night. A training in several attempts knows
 * the seconds of the last one only, so it is left out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layout } from '../../storage/layout';
import { decodeRecord } from '../../storage/record';
import { trainingRecord } from '../../storage/training/training-manifest';

/** @param store a folder @returns minutes by the model's SHA-256 */
export function trainingMinutes(store: string): ReadonlyMap<string, number> {
  const trainings = join(store, 'training');
  if (!existsSync(trainings)) return new Map();
  return new Map(
    readdirSync(trainings).flatMap((key): [string, number][] => {
      const manifestKey = layout.trainingManifest(key, null);
      const manifest = join(store, manifestKey);
      if (!existsSync(manifest) || readdirSync(join(store, layout.attempts(key))).length !== 1)
        return [];
      const bytes = readFileSync(manifest);
      const { value } = decodeRecord({ uri: store }, manifestKey, trainingRecord, bytes);
      return [[value.sha256, value.seconds / 60]];
    }),
  );
}
