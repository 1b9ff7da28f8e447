// Which NVIDIA GPUs a process of this environment would see, from the driver's own list. No library
// of ours is needed to ask.
import { spawnSync } from 'node:child_process';
import { SetupError } from './tools.mjs';

/**
 * Names of the GPUs that CUDA_VISIBLE_DEVICES leaves, in its order (all without it; numbers or
 * UUIDs, up to the first that does not exist, as CUDA reads it).
 * @throws SetupError that says why there is none
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
