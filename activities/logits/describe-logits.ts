/** Everything that determines stored logits, and nothing else: never the audio, the engine or the hardware (design, section 3). */
import { AUGMENT_VERSION } from '../../ced/augment/parameters';
import type { LogitsDescription } from '../../ced/logits/content-key';
import type { EnsembleMember } from '../../workflows/contract/activities';
import type { LogitsSettings } from '../../workflows/contract/run-file';

export function describeLogits(ensemble: EnsembleMember[], settings: LogitsSettings, vocabulary: { mid: string; name: string }[]): LogitsDescription {
  return {
    teachers: ensemble.map((member) => ({ sha256: member.sha256, weight: member.weight, output: 'probabilities' })),
    classes: vocabulary.map(({ mid, name }) => [mid, name]),
    precision: settings.precision,
    chunkSeconds: settings.chunkSeconds,
    views: settings.views,
    topK: settings.topK,
    seed: settings.seed,
    augment: settings.augment,
    augmentVersion: AUGMENT_VERSION,
  };
}
