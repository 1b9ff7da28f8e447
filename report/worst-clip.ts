/** A clip on which a student is most wrong. */

export interface NamedProbability {
  name: string;
  probability: number;
}

export interface WorstClip {
  clip: string;
  /** Divergence from the labels, or else from the ensemble, in nats summed over classes. */
  wrongness: number;
  /** Its labels with the student's probabilities; null without labels. */
  labels: NamedProbability[] | null;
  student: NamedProbability[];
  /** Empty without teachers. */
  ensemble: NamedProbability[];
  seconds: number;
  /** The beginning as a WAV file, base64. */
  wav: string;
}
