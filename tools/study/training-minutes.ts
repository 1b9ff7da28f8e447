/**
 * Minutes of training of each model, from its training's manifest: a run that found its model in
 * the store, or one that was interrupted, has other minutes. A training of several attempts records
 * the seconds of the last one only and is left out.
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
