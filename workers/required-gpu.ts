/**
 * A worker of a clone or image that was set up for a GPU computes on a GPU or not at all.
 * TensorFlow itself would use the CPU without a word if it finds no GPU or cannot load one of
 * NVIDIA's libraries. The driver's list of GPUs does not show the latter, so the engine is asked.
 */

/**
 * @param warn receives a line if the CPU is used because `allowCpu` is set
 * @throws one line when the engine computes on the CPU and `allowCpu` is not set
 */
export async function requireGpu(
  engine: { device(): Promise<'cpu' | 'gpu'> },
  allowCpu: boolean,
  warn: (line: string) => void,
): Promise<void> {
  if ((await engine.device()) === 'gpu') return;
  const found =
    'TensorFlow was set up for a GPU and found none, or could not load its libraries ' +
    '(TF_CPP_MIN_LOG_LEVEL=0 shows why)';
  if (allowCpu) return warn(`NO GPU: ${found}; --allow-cpu: computing on the CPU`);
  throw new Error(
    `NO GPU: ${found}. --allow-cpu computes on the CPU all the same; ` +
      '`npm run setup -- --cpu` sets up the CPU library',
  );
}
