// The platforms that a worker runs on, and what differs between them: the wheel that TensorFlow's
// library comes in, the names of the libraries inside, and how an addon is linked. macOS has been
// neither built nor run so far; `npm run arm64-check` runs Linux on ARM in emulation.
import { SetupError } from './tools.mjs';

/** Such as `linux-x64`. */
export const platform = `${process.platform}-${process.arch}`;

const tensorflowVersion = '2.21.0';

const linuxTags = (processor) =>
  ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux1'].map(
    (system) => `${system}_${processor}`,
  );

const linux = {
  /** Of the libraries in the wheel, libtensorflow_cc and libtensorflow_framework. */
  suffix: '.so.2',
  /** Options of `strip`; null where a stripped library cannot be loaded. */
  strip: ['--strip-unneeded'],
  /** Options of the compiler for an addon. */
  link: ['-shared'],
  /** Where an addon looks for its libraries, relative to itself. */
  origin: '$ORIGIN',
};

/**
 * By platform: `wheels` of TensorFlow for the CPU and, where there is one, for NVIDIA's GPUs; the
 * `tags` that pip is given; whether own-symbols.mjs, which knows x86-64 only, `bindsOwn` symbols;
 * and the rest as described at `linux`.
 */
export const platforms = {
  'linux-x64': {
    ...linux,
    bindsOwn: true,
    tags: linuxTags('x86_64'),
    wheels: {
      cpu: {
        name: 'tensorflow-cpu',
        version: tensorflowVersion,
        megabytes: 262,
        sha256: '05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793',
      },
      gpu: {
        name: 'tensorflow',
        version: tensorflowVersion,
        megabytes: 547,
        sha256: 'e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406',
      },
    },
  },
  'linux-arm64': {
    ...linux,
    tags: linuxTags('aarch64'),
    wheels: {
      cpu: {
        name: 'tensorflow',
        version: tensorflowVersion,
        megabytes: 282,
        sha256: 'a10abdfb8b1189210c251021a3f153b7ccc52a8e6521351f3dc3331e8ba593e0',
      },
    },
  },
  'darwin-arm64': {
    suffix: '.2.dylib',
    strip: null, // the signature would no longer hold
    link: ['-dynamiclib', '-undefined', 'dynamic_lookup'],
    origin: '@loader_path',
    tags: ['macosx_12_0_arm64'],
    wheels: {
      cpu: {
        name: 'tensorflow',
        version: tensorflowVersion,
        megabytes: 224,
        sha256: 'a145ed46c58192b7c3f9916d070caf4f6afc6dc7e5511f83dd97677f4c4947f4',
      },
    },
  },
};

/** @throws SetupError where TensorFlow has no library for this machine, or for its GPU */
export function thisPlatform(variant = 'cpu') {
  const found = platforms[platform];
  if (found === undefined)
    throw new SetupError(
      `TensorFlow's library is fetched for ${Object.keys(platforms).join(', ')}, this is ` +
        `${platform}: use a Linux machine or container`,
    );
  if (found.wheels[variant] === undefined)
    throw new SetupError(
      `TensorFlow has no library for GPUs on ${platform}: npm run setup -- --cpu`,
    );
  return found;
}
