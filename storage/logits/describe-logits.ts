/**
 * Everything that determines stored logits, and nothing else: never the audio, the engine or the
 * hardware (design, section 3).
 */
import type { ComputedDescription } from './logits-description';
import type { LogitsSettings } from '../../workflows/contract/run-file-sections';
import type { EnsembleMember } from '../../workflows/contract/models';

/**
 * @param loaded each member as it was loaded, in run-file order: its class map and what it takes
 *   in
 */
export function describeLogits(
  ensemble: readonly EnsembleMember[],
  loaded: readonly { map: Int32Array; frontEnd: string; teacherKey?: string }[],
  settings: LogitsSettings,
): ComputedDescription {
  const teachers = ensemble.map((member, index) => {
    const { map = [], frontEnd = '', teacherKey } = loaded[index] ?? {};
    return {
      // A waveform teacher's name covers its declared output; a mapped model gives probabilities
      // always.
      weightsSha256: member.sha256,
      weight: member.weight,
      output: 'probabilities' as const,
      classMap: [...map],
      frontEnd,
      ...(teacherKey === undefined ? {} : { teacherKey }),
    };
  });
  const { precision, chunkSeconds, views, topK, seed, augment } = settings;
  return { teachers, precision, chunkSeconds, views, topK, seed, augment };
}
