/** Versions of what computed a run. */

export interface SoftwareVersions {
  ced: string;
  node: string;
  temporal: string;
}
