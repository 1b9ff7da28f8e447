// The NVIDIA GPUs that a process in this environment can use, from the driver's list (nvidia-smi).
// TensorFlow's CUDA library computes on the CPU where it finds none, without a word, so set-up for
// a GPU looks first.
import { spawnSync } from 'node:child_process';
import { SetupError } from './tools.mjs';

/**
 * Names of the GPUs in CUDA_VISIBLE_DEVICES, in its order (numbers or UUIDs, up to the first that
 * does not exist, as CUDA reads it); all GPUs without it.
 * @throws SetupError with the reason when there is none
 */
export function visibleGpus(env = process.env) {
  const { error, status, stdout } = spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8', env });
  const all = [...(stdout ?? '').matchAll(/^GPU (\d+): (.*) \(UUID: (.*)\)$/gm)].map(
    ([, number, name, uuid]) => ({ number, name, uuid }),
  );
  if (error?.code === 'ENOENT')
    throw new SetupError(
      'no NVIDIA GPU is here: nvidia-smi, which comes with the driver, is not on the PATH',
    );
  if (error || status !== 0 || all.length === 0)
    throw new SetupError('no NVIDIA GPU is here: nvidia-smi -L lists none');
  const wanted = env.CUDA_VISIBLE_DEVICES;
  if (wanted === undefined) return all.map(({ name }) => name);
  const found = wanted
    .split(',')
    .map((device) =>
      all.find(
        ({ number, uuid }) =>
          device.trim() === number || (device.startsWith('GPU-') && uuid.startsWith(device.trim())),
      ),
    );
  const missing = found.indexOf(undefined);
  const visible = missing < 0 ? found : found.slice(0, missing);
  if (visible.length === 0)
    throw new SetupError(
      `no GPU is visible: CUDA_VISIBLE_DEVICES=${wanted} chooses none of the ${all.length} here`,
    );
  return visible.map(({ name }) => name);
}

/**
 * Looks for a GPU before set-up does anything for one.
 * @param allowCpu true: without a GPU, prints a warning and returns
 * @throws SetupError when there is none and `allowCpu` is false
 */
export function requireGpu(allowCpu) {
  try {
    visibleGpus();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (!allowCpu)
      throw new SetupError(
        `${error.message}. Nothing was changed. --allow-cpu sets up the CUDA library all the ` +
          'same, for an image that is built without a GPU; --cpu sets up the CPU library',
      );
    console.error(
      `WARNING: ${error.message}: --allow-cpu, the CUDA library is set up all the same`,
    );
  }
}
