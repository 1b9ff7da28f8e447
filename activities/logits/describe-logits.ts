/** Everything that determines stored logits, and nothing else: never the audio, the engine or the hardware (design, section 3). */
import type { LogitsDescription } from '../../ced/logits/content-key';
import type { EnsembleMember } from '../../workflows/contract/activities';
import type { LogitsSettings } from '../../workflows/contract/run-file';

/** @param classMaps each member's own class for each of the run's, in run-file order */
export function describeLogits(
  ensemble: readonly EnsembleMember[],
  classMaps: readonly Int32Array[],
  settings: LogitsSettings,
): LogitsDescription {
  const teachers = ensemble.map((member, index) => ({
    weightsSha256: member.sha256,
    weight: member.weight,
    output: 'probabilities' as const,
    classMap: [...(classMaps[index] ?? [])],
    frontEnd: 'log-mel',
  }));
  const { precision, chunkSeconds, views, topK, seed, augment } = settings;
  return { teachers, precision, chunkSeconds, views, topK, seed, augment };
}
