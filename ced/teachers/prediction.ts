/** What a teacher says of rows, in the classes of the run. */
import { rowFault } from './output-fault';

export interface Prediction {
  /** float32 [batch, classes of the vocabulary]; 0 for classes that the model lacks */
  values: Float32Array;
  /** Rows that say nothing of their clips: why, as the end of a sentence that names the model. */
  faults: ReadonlyMap<number, string>;
}

/**
 * @param own float32 [rows, classes of the teacher]
 * @param map as of a `MappedModel`
 */
export function predictionOf(own: Float32Array, rows: number, map: Int32Array): Prediction {
  const [classes, outputs] = [map.length, own.length / rows];
  const values = new Float32Array(rows * classes);
  const faults = new Map<number, string>();
  for (let row = 0; row < rows; row++) {
    const fault = rowFault(own, row, outputs);
    if (fault !== null) faults.set(row, fault);
    for (let c = 0; c < classes; c++) {
      const index = map[c]!;
      values[row * classes + c] = index < 0 ? 0 : (own[row * outputs + index] ?? 0);
    }
  }
  return { values, faults };
}
