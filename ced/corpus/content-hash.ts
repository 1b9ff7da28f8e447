/**
 * The name of what a split holds: SHA-256 over the canonical JSON of `{ chunkSeconds, clips:
 * [[sha256, labels], …], vocabulary }`. Two million clips would be one string of 200 MB and seconds
 * of sorting keys that are not there, so the text is hashed as it is written.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json';
import type { Vocabulary } from '../teachers/vocabulary';

const CLIPS_A_PART = 4096;

export function contentSha256(
  { chunkSeconds, vocabulary }: { chunkSeconds: number; vocabulary: Vocabulary },
  clips: readonly { sha256: string; labels: number[] | null }[],
): string {
  const hash = createHash('sha256').update(
    `{"chunkSeconds":${canonicalJson(chunkSeconds)},"clips":[`,
  );
  for (let at = 0; at < clips.length; at += CLIPS_A_PART) {
    const part = clips
      .slice(at, at + CLIPS_A_PART)
      .map(({ sha256, labels }) => JSON.stringify([sha256, labels]));
    hash.update(`${at === 0 ? '' : ','}${part.join()}`);
  }
  return hash.update(`],"vocabulary":${canonicalJson(vocabulary)}}`).digest('hex');
}

/**
 * The name of what a split holds at a further sample rate: audio that is equal at 16 kHz may differ
 * above 8 kHz.
 * @param content its name at 16 kHz
 * @param clips hex SHA-256 of each clip's samples at that rate
 */
export function contentAtRate(content: string, rate: number, clips: readonly string[]): string {
  const hash = createHash('sha256').update(canonicalJson({ content, sampleRate: rate }));
  for (const clip of clips) hash.update(clip, 'hex');
  return hash.digest('hex');
}
