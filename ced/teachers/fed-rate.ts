/** Audio shards hold 16 kHz: a network that takes another rate would be given sounds too fast. */
import { sampleRate } from '../audio/mono16k';
import { TeacherInvalid } from './teacher-invalid';

/** @throws TeacherInvalid `sampleRate` */
export function requireFedRate(rate: number): void {
  if (rate !== sampleRate)
    throw new TeacherInvalid(
      'sampleRate',
      `it takes audio at ${rate} Hz, and networks of ONNX and SavedModel are given ` +
        `${sampleRate} Hz: export it with a resampler in front`,
    );
}
