/** What every format of `ced export` starts from. */
import type { LoadedModel } from '../../../storage/models/model-folder';

export interface ExportedModel extends LoadedModel {
  /** In the order of the classes, for the best F1; null = none were fitted. */
  readonly thresholds: readonly (number | null)[] | null;
}
