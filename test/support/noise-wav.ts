import { encodeWav } from '../../ced/audio/wav-file';
import { philox, streamKey } from '../../ced/augment/random';

/** Noise that differs from name to name, as a WAV file. */
export function noiseWav(name: string, seconds = 0.5): Buffer {
  const key = streamKey('noise', name);
  return encodeWav(
    Int16Array.from({ length: seconds * 16_000 }, (_, at) => philox(key, [at, 0, 0, 0])[0] >> 18),
  );
}
