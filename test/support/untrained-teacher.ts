/**
 * A teacher that was never trained: its outputs are finite, differ from clip to clip and are a pure
 * function of its seed. Enough where only bytes count.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelConfig } from '../../ced/model/shaped-config';
import { initialWeights } from '../../ced/model/initial-weights';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { modelSchema } from '../../workflows/contract/run-file-sections';

/**
 * Writes a CED checkpoint for chunks of a second below `folder`. @returns its entry in a run file
 */
export function writeUntrainedTeacher(
  folder: string,
  vocabulary: string,
  seed: number,
): { name: string; checkpoint: string; format: 'ced' } {
  const name = `untrained-${seed}`;
  const classes = parseVocabularyCsv(readFileSync(join(folder, vocabulary), 'utf8'));
  const config = modelConfig(modelSchema.parse({ embedDim: 32, depth: 1, heads: 2 }), 1, classes);
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'config.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, name, 'model.safetensors'),
    encodeSafetensors(initialWeights(config, seed), 'F32'),
  );
  return { name, checkpoint: name, format: 'ced' };
}
