// NVIDIA's libraries for TensorFlow's CUDA build, which loads them from `nvidia/` beside its own
// folder. TensorFlow demands ranges (its extra `and-cuda`), so without pins the same set-up would
// install other libraries every month. These are the newest of each range that pip chose for the
// platforms of wheel.mjs when they were pinned; to move one, change version and hash together.
import { execute, SetupError } from './tools.mjs';
import { downloadWheel } from './wheel.mjs';

/** `demanded`: the range in TensorFlow's metadata. */
export const nvidiaWheels = [
  {
    name: 'nvidia-cublas-cu12',
    demanded: '<13.0,>=12.5.3.2',
    version: '12.9.3.13',
    sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  },
  {
    name: 'nvidia-cuda-cupti-cu12',
    demanded: '<13.0,>=12.5.82',
    version: '12.8.90',
    sha256: 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
  },
  {
    name: 'nvidia-cuda-nvcc-cu12',
    demanded: '<13.0,>=12.5.82',
    version: '12.9.86',
    sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  },
  {
    name: 'nvidia-cuda-nvrtc-cu12',
    demanded: '<13.0,>=12.5.82',
    version: '12.9.86',
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  },
  {
    name: 'nvidia-cuda-runtime-cu12',
    demanded: '<13.0,>=12.5.82',
    version: '12.9.79',
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  },
  {
    name: 'nvidia-cudnn-cu12',
    demanded: '<10.0,>=9.3.0.75',
    version: '9.28.0.42',
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  },
  {
    name: 'nvidia-cufft-cu12',
    demanded: '<12.0,>=11.2.3.61',
    version: '11.4.1.4',
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  },
  {
    name: 'nvidia-curand-cu12',
    demanded: '<11.0,>=10.3.6.82',
    version: '10.3.10.19',
    sha256: '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  },
  {
    name: 'nvidia-cusolver-cu12',
    demanded: '<12.0,>=11.6.3.83',
    version: '11.7.5.82',
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  },
  {
    name: 'nvidia-cusparse-cu12',
    demanded: '<13.0,>=12.5.1.3',
    version: '12.5.10.65',
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  },
  {
    name: 'nvidia-nccl-cu12',
    demanded: '<3.0,>=2.27.7',
    version: '2.32.3',
    sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  },
  {
    name: 'nvidia-nvjitlink-cu12',
    demanded: '<13.0,>=12.5.82',
    version: '12.9.86',
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  },
];

/**
 * Puts the libraries into `folder`/nvidia.
 * @param demanded requirements of TensorFlow's wheel, such as `nvidia-nccl-cu12<3.0,>=2.27.7`
 * @param downloads folder for the files
 * @throws SetupError when TensorFlow demands others than are pinned, or a file has another hash
 */
export async function installNvidiaLibraries(demanded, folder, downloads, report) {
  const pinned = nvidiaWheels.map((wheel) => wheel.name + wheel.demanded);
  const unlike = [
    ...demanded.filter((requirement) => !pinned.includes(requirement)),
    ...pinned.filter((requirement) => !demanded.includes(requirement)),
  ];
  if (unlike.length > 0)
    throw new SetupError(
      `TensorFlow's wheel and infra/setup/nvidia-wheels.mjs differ in ${unlike.join(', ')}`,
    );
  for (const wheel of nvidiaWheels) {
    report(`downloading ${wheel.name} ${wheel.version}`);
    const file = await downloadWheel(wheel, downloads);
    await execute(`Unpacking ${wheel.name}`, 'python3', ['-m', 'zipfile', '-e', file, folder]);
  }
}
