/** A clip that a student is most wrong about. */

export interface NamedProbability {
  name: string;
  probability: number;
}

export interface WorstClip {
  clip: string;
  /**
   * Binary cross-entropy in nats, summed over classes: against the labels, or else the divergence
   * from the ensemble.
   */
  wrongness: number;
  /** Names of its labels; null where eval has none. */
  labels: NamedProbability[] | null;
  student: NamedProbability[];
  /** Empty without teachers. */
  ensemble: NamedProbability[];
  seconds: number;
  /** The beginning as a WAV file, base64. */
  wav: string;
}
